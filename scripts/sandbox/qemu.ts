/**
 * The AMD machine: QEMU without acceleration, whose processor has SVM with
 * nested paging.
 *
 * @module
 */
import { join } from "node:path";
import { killerOf, withParent } from "./emulator_process.ts";
import { followFile } from "./follow.ts";
import { throughLoader } from "./loader.ts";
import type { BootImage, Ended, Machine, Run, ToolRequest, Tools } from "./machine.ts";
import { textOf } from "./program.ts";

const PROGRAM = "qemu-system-x86_64";

/** The first QEMU whose SVM is good enough for the tests. */
const OLDEST_MAJOR = 7;

/**
 * The first QEMU for more than one processor: with an older one a processor may go on executing
 * code that another has changed, as Linux does whenever the first VM comes or the last one goes.
 */
const OLDEST_MAJOR_FOR_MORE = 8;

// CMPXCHG16B, bit 13 of word 4 of the kernel's CPU features. QEMU 7.2 leaves rubbish in the flags
// after it; an interrupt that comes right then saves them, and its IRET double-faults. The kernel
// does without, and what runs on it still sees the instruction.
const CX16 = 4 * 32 + 13;

/** Whether a QEMU with this `--version` will do for so many processors. */
export function isRecentEnough(version: string, processors: number): boolean {
  const oldest = processors === 1 ? OLDEST_MAJOR : OLDEST_MAJOR_FOR_MORE;
  return Number(/version (\d+)\./.exec(version)?.[1] ?? 0) >= oldest;
}

function toolsFor(processors: number): ToolRequest {
  return {
    programs: [PROGRAM],
    packages: ["qemu-system-x86", "qemu-system-data", "seabios"],
    // Other releases, Debian bookworm among them, have it too old for that.
    ...(processors > 1 && { suite: "trixie" }),
    willDo: async (tools) => {
      const version = await textOf(tools.program(PROGRAM), ["--version"], {
        what: "ask QEMU for its version",
        env: tools.env,
      });
      return isRecentEnough(version, processors);
    },
  };
}

function firmwareArguments({ root }: Tools): string[] {
  if (root === "/") return [];
  return ["qemu", "seabios"].flatMap((name) => ["-L", join(root, "usr/share", name)]);
}

/** A value of one of QEMU's options, in which a comma separates and two are one. */
function optionValue(path: string): string {
  return path.replaceAll(",", ",,");
}

/** QEMU's arguments. The second serial port is its stdin and stdout, the others are files. */
export function qemuArguments(image: BootImage, tools: Tools): string[] {
  const port = (name: string): string[] => [
    "-chardev",
    `file,id=${name},path=${optionValue(join(image.directory, name))}`,
  ];
  const disk = (path: string, options: string): string[] => [
    "-drive",
    `if=virtio,format=raw,${options},file=${optionValue(path)}`,
  ];
  return [
    ...firmwareArguments(tools),
    ...["-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"],
    ...["-machine", "q35,usb=off,hpet=off,sata=off,smbus=off", "-accel", "tcg,thread=multi"],
    ...["-cpu", "max,+svm,+npt", "-smp", String(image.processors)],
    ...["-m", `${image.memoryMib}M`],
    ...[
      "-kernel",
      image.elf ?? image.kernel,
      "-initrd",
      image.initramfs,
      "-append",
      image.commandLine,
    ],
    ...disk(image.payload, "readonly=on"),
    ...disk(image.exchange, "cache=unsafe,werror=report"),
    ...port("console"),
    ...["-chardev", "stdio,id=stdout,signal=off"],
    ...port("stderr"),
    ...["console", "stdout", "stderr"].flatMap((name) => ["-serial", `chardev:${name}`]),
  ];
}

async function start(image: BootImage, tools: Tools, signal: AbortSignal): Promise<Run> {
  signal.throwIfAborted();
  const command = await withParent(
    await throughLoader({
      program: tools.program(PROGRAM),
      args: qemuArguments(image, tools),
      env: tools.env,
    }, tools),
  );
  const child = new Deno.Command(command.program, {
    args: [...command.args],
    env: { ...command.env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const kill = killerOf(child, signal);
  const complaint = new Response(child.stderr).text();
  const ended = child.status.then(async ({ code }): Promise<Ended> => {
    const reason = (await complaint).trim();
    return reason === "" ? { code } : { code, reason };
  });
  return {
    console: followFile(join(image.directory, "console"), ended),
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: followFile(join(image.directory, "stderr"), ended),
    ended,
    kill,
  };
}

/** The AMD machine. */
export const qemu: Machine = {
  vendor: "amd",
  name: "QEMU",
  toolsFor,
  modules: ["virtio_pci", "virtio_blk", "ext4"],
  entersElf: true,
  commandLine: `clearcpuid=${CX16}`,
  hasInput: true,
  memoryMib: 1024,
  // An exit takes about 20 times as long by the clock inside, which is the real one, and plain
  // computing 14 times. The tests' longest run took 0.11 s beside another emulator.
  timeScale: 10,
  // It takes 5 s, and twenty times that and more on a machine with other work for all its cores.
  bootSeconds: 300,
  start,
};
