/**
 * The Intel machine: Bochs, whose processor has VMX with EPT.
 *
 * @module
 */
import { join } from "node:path";
import { layOutBootDisk, writeBootDisk } from "./boot_disk.ts";
import { readKernel } from "./boot_disk_kernel.ts";
import { bochsConfig, type BochsFiles, RUN_FILES } from "./bochs_config.ts";
import { endOf } from "./bochs_log.ts";
import { throughLoader } from "./loader.ts";
import { killerOf, withParent } from "./emulator_process.ts";
import { followFile } from "./follow.ts";
import type { BootImage, Machine, Run, Tools } from "./machine.ts";
import { textOf } from "./program.ts";

/** The program itself; `bochs` is a script around it that cannot be moved. */
const PROGRAM = "bochs-bin";
const PLUGINS = "usr/lib/x86_64-linux-gnu/bochs/plugins";

const COMMAND_LINE = [
  "mitigations=off",
  "nokaslr",
  "no_timer_check",
  "tsc=reliable",
].join(" ");

/** The first Bochs that is fast: 2.7 takes nearly twice the time. */
const OLDEST_MAJOR = 3;

/** Whether a Bochs that prints this for `--help` will do. */
export function isFastBochs(help: string): boolean {
  return Number(/Bochs x86 Emulator (\d+)\./.exec(help)?.[1] ?? 0) >= OLDEST_MAJOR;
}

/** Whether the Bochs of `tools` will do: it draws on a terminal, and is not slow. */
async function bochsWillDo(tools: Tools): Promise<boolean> {
  if (!await exists(join(tools.root, PLUGINS, "libbx_term_gui.so"))) return false;
  const help = await textOf(tools.program(PROGRAM), ["--help"], { what: "ask Bochs its version" });
  return isFastBochs(help);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** The path of a file of a package, which was unpacked or is installed. */
async function findFile({ root }: Tools, paths: readonly string[]): Promise<string> {
  for (const folder of new Set([root, "/"])) {
    for (const path of paths.map((path) => join(folder, path))) {
      if (await exists(path)) return path;
    }
  }
  throw new Deno.errors.NotFound(`Cannot start Bochs: There is no file "${paths[0]}"`);
}

async function findFiles(tools: Tools): Promise<BochsFiles> {
  return {
    bios: await findFile(tools, ["usr/share/bochs/BIOS-bochs-latest"]),
    vgaBios: await findFile(tools, ["usr/share/vgabios/vgabios.bin"]),
  };
}

/** Writes what Bochs needs into the run's directory. */
async function prepare(image: BootImage, tools: Tools): Promise<void> {
  const own = (name: keyof typeof RUN_FILES): string => join(image.directory, RUN_FILES[name]);
  const disk = layOutBootDisk({
    kernel: readKernel(await Deno.readFile(image.kernel)),
    initramfs: await Deno.readFile(image.initramfs),
    commandLine: image.commandLine,
    memoryMib: image.memoryMib,
  });
  await writeBootDisk(own("bootDisk"), disk);
  await Deno.writeFile(own("bootRom"), disk.rom);
  await Deno.writeTextFile(own("commands"), "c\n");
  await Deno.writeTextFile(own("config"), bochsConfig(image, await findFiles(tools)));
}

async function start(image: BootImage, tools: Tools, signal: AbortSignal): Promise<Run> {
  signal.throwIfAborted();
  await prepare(image, tools);
  const own = (name: keyof typeof RUN_FILES): string => join(image.directory, RUN_FILES[name]);
  const command = await withParent(
    await throughLoader({
      program: tools.program(PROGRAM),
      args: ["-q", "-f", own("config"), "-rc", own("commands")],
      env: tools.env,
    }, tools),
  );
  const child = new Deno.Command(command.program, {
    args: [...command.args],
    cwd: image.directory,
    env: {
      ...command.env,
      LTDL_LIBRARY_PATH: await findFile(tools, [PLUGINS]),
      // It draws with curses, which asks for no terminal but for the name of one.
      TERM: "vt100",
      LINES: "25",
      COLUMNS: "80",
    },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const kill = killerOf(child, signal);
  const ended = child.status.then(async ({ code }) => {
    return endOf(code, await Deno.readTextFile(own("log")).catch(() => ""));
  });
  return {
    console: followFile(own("console"), ended),
    stdout: followFile(own("stdout"), ended),
    stderr: followFile(own("stderr"), ended),
    ended,
    kill,
  };
}

/** The Intel machine. */
export const bochs: Machine = {
  vendor: "intel",
  name: "Bochs",
  toolsFor: () => ({
    programs: [PROGRAM],
    packages: ["bochs", "bochs-term", "bochsbios", "vgabios"],
    suite: "trixie",
    willDo: bochsWillDo,
  }),
  modules: ["ata_piix", "sd_mod", "ext4"],
  entersElf: false,
  commandLine: COMMAND_LINE,
  hasInput: false,
  memoryMib: 1024,
  // An exit takes about 12 times as long by the clock inside, which counts instructions and so
  // does not know how loaded the host is, and plain computing 140 times. The tests' longest run
  // took 0.08 s.
  timeScale: 30,
  bootSeconds: 300,
  start,
};
