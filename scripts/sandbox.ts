/**
 * `deno task sandbox`: runs a command on a real Linux with real KVM inside an
 * emulated machine.
 *
 * @module
 */
import { basename, relative, resolve } from "node:path";
import { onEndingSignal } from "./ending_signals.ts";
import { limitText } from "./limits.ts";
import { MisuseError } from "./misuse.ts";
import { parseOptions } from "./options.ts";
import { asCalled, isExecutable, ROOT } from "./program.ts";
import { bochs } from "./sandbox/bochs.ts";
import { Cache, cacheDirectory } from "./sandbox/cache.ts";
import { SandboxError } from "./sandbox/failure.ts";
import { parseParameter } from "./sandbox/guest_settings.ts";
import { GENERATIONS, requireKernel } from "./sandbox/kernels.ts";
import type { Machine } from "./sandbox/machine.ts";
import { MissingError } from "./sandbox/missing.ts";
import { ownFiles } from "./sandbox/own_files.ts";
import { ProgramError } from "./sandbox/program.ts";
import { qemu } from "./sandbox/qemu.ts";
import { temporaryFolder } from "./sandbox/run_directory.ts";
import { type Request, runInSandbox, type Streams } from "./sandbox/sandbox_run.ts";
import { StatusLine } from "./status_line.ts";

/** What both emulators take. */
const MOST_PROCESSORS = 8;

const USAGE = `deno task sandbox: run a command with real KVM inside an emulated machine

Usage: deno task sandbox [OPTION]... [--] COMMAND [ARGUMENT]...
       deno task sandbox --list-cache | --remove-cache

  --vendor amd|intel        whose processor is emulated, QEMU's or Bochs's; amd by default
  --kernel KERNEL           5.10, 6.1, 6.12, 7, or the path of a bzImage; 6.12 by default
  --modules DIR             where the modules of a kernel given by path are
  --kvm-param NAME=VALUE    a parameter of kvm, or of another module as MODULE.NAME=VALUE;
                            may be repeated; force_emulation_prefix=1 is on by default
  --memory MIB              memory of the machine
  --processors N            how many it has, up to ${MOST_PROCESSORS}; 1 by default, on which no guest
                            runs while an ioctl does
  --timeout S               seconds after which the command is taken to hang; 1800 by default
  --result PATH             a file or folder to bring back, from the current directory;
                            may be repeated
  --keep                    leave the run's directory there, with the consoles
  --list-cache              list what was fetched and made, and how much room it takes
  --remove-cache            remove it
  --help                    show this

The command runs with the current directory's files, and with Trapline's own. A shell gets the terminal on amd; intel's
machine has no input. TRAPLINE_SANDBOX is amd or intel inside, and TRAPLINE_TIME_SCALE is what
deadlines are multiplied by there. No root is needed. Emulators and kernels are fetched through
apt into TRAPLINE_CACHE, by default trapline in the user's cache directory; what nobody has used
for 30 days goes by itself. Where apt is set to no Debian mirror, TRAPLINE_DEBIAN_MIRROR names one.

Exit status: the command's; 124 when it did not end in time, 125 when the sandbox failed,
2 for a bad command line.`;

const MACHINES: Readonly<Record<string, Machine>> = { amd: qemu, intel: bochs };

const SHELLS: ReadonlySet<string> = new Set(["sh", "ash", "bash", "busybox", "dash"]);

const STATUS_TIMEOUT = 124;
const STATUS_FAILED = 125;
const STATUS_MISUSE = 2;

/** Variables of the caller that the command sees too. */
const PASSED_ON =
  /^(TRAPLINE_(?!KVM$|CACHE$|DEBIAN_MIRROR$)\w+|DENO_V8_FLAGS|JOB_COMPLETION_INDEX|NO_COLOR|FORCE_COLOR|TERM|CI)$/;

function positiveNumber(
  name: string,
  text: string | undefined,
  otherwise: number,
  largest: number = Number.MAX_SAFE_INTEGER,
): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value <= 0) {
    throw new MisuseError(`--${name} is "${text}", which is not a positive number`);
  }
  if (value > largest) throw new MisuseError(`--${name} is ${value}, and ${largest} is the most`);
  return value;
}

function chosenMachine(vendor: string): Machine {
  const machine = MACHINES[vendor];
  if (machine === undefined) {
    const known = Object.keys(MACHINES).join(", ");
    throw new MisuseError(`--vendor is "${vendor}", which is not one of ${known}`);
  }
  return machine;
}

/** The path of a result from the current directory, below which alone the command's files are. */
function belowHere(path: string): string {
  const below = relative(Deno.cwd(), resolve(path));
  if (below === "" || below === ".." || below.startsWith("../")) {
    throw new MisuseError(
      `Cannot bring "${path}" back from the sandbox: it must be below the current directory`,
    );
  }
  return below;
}

/** Whether `command` is a shell that would read what is typed. */
function isShell([program = "", ...args]: readonly string[]): boolean {
  return SHELLS.has(basename(program)) && args.every((arg) => /^-[il]+$/.test(arg));
}

function readRequest(args: readonly string[]): Request | "list" | "remove" {
  const { values, positionals } = parseOptions({
    usage: USAGE,
    options: {
      vendor: { type: "string" },
      kernel: { type: "string" },
      modules: { type: "string" },
      "kvm-param": { type: "string", multiple: true },
      memory: { type: "string" },
      processors: { type: "string" },
      timeout: { type: "string" },
      result: { type: "string", multiple: true },
      keep: { type: "boolean" },
      "list-cache": { type: "boolean" },
      "remove-cache": { type: "boolean" },
    },
    args,
    allowPositionals: true,
  });
  if (values["list-cache"]) return "list";
  if (values["remove-cache"]) return "remove";
  if (positionals.length === 0) throw new MisuseError("No command is given");
  const machine = chosenMachine(values.vendor ?? "amd");
  if (!machine.hasInput && isShell(positionals)) {
    throw new MisuseError(
      `${machine.name} has no keyboard for the shell "${positionals[0]}": ` +
        "give it a command with -c, or take --vendor amd",
    );
  }
  const kernel = values.kernel ?? "6.12";
  requireKernel(kernel);
  if (values.modules !== undefined && Object.hasOwn(GENERATIONS, kernel)) {
    throw new MisuseError("--modules is for a kernel that is given by its path");
  }
  const env = Object.entries(Deno.env.toObject()).filter(([name]) => PASSED_ON.test(name));
  return {
    machine,
    kernel: Object.hasOwn(GENERATIONS, kernel) ? kernel : resolve(kernel),
    modules: values.modules === undefined ? undefined : resolve(values.modules),
    parameters: (values["kvm-param"] ?? []).map(parseParameter),
    memoryMib: positiveNumber("memory", values.memory, machine.memoryMib),
    processors: positiveNumber("processors", values.processors, 1, MOST_PROCESSORS),
    timeoutSeconds: positiveNumber("timeout", values.timeout, 1800),
    keep: values.keep ?? false,
    terminal: machine.hasInput && Deno.stdin.isTerminal() && Deno.stdout.isTerminal(),
    command: positionals,
    directory: Deno.cwd(),
    own: ownFiles(ROOT, Deno.cwd(), isExecutable()),
    env: Object.fromEntries(env),
    results: (values.result ?? []).map(belowHere),
  };
}

async function listCache(cache: Cache): Promise<number> {
  const entries = await cache.list();
  const mib = (bytes: number): string => (bytes / (1 << 20)).toFixed(1).padStart(8);
  for (const { name, bytes } of entries) console.log(`${mib(bytes)} MiB  ${name}`);
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`${mib(total)} MiB  in ${cache.directory}`);
  return 0;
}

async function removeCache(cache: Cache): Promise<number> {
  const held = await cache.remove();
  for (const name of held) console.error(`${name} stays: a sandbox is using it`);
  return held.length === 0 ? 0 : 1;
}

async function writeAll(to: Deno.FsFile | typeof Deno.stdout, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.length;) start += await to.write(bytes.subarray(start));
}

/** What to say when `error` is that a disk of this host is full. */
function noRoom(error: unknown, cache: Cache): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  if (error.code !== "ENOSPC" && error.code !== "EDQUOT") return undefined;
  return `Cannot make the sandbox: no room is left in ${cache.directory}, or in ` +
    `${temporaryFolder()}, where it works: ${error.message}`;
}

async function run(request: Request, cache: Cache): Promise<number> {
  const abort = new AbortController();
  let signalled: number | undefined;
  using _signals = onEndingSignal((_, status) => {
    signalled = status;
    abort.abort();
  });
  const steps = new StatusLine();
  const streams: Streams = {
    stdin: request.terminal ? Deno.stdin.readable : undefined,
    stdout: async (bytes) => {
      steps.clear();
      await writeAll(Deno.stdout, bytes);
    },
    stderr: async (bytes) => {
      steps.clear();
      await writeAll(Deno.stderr, bytes);
    },
  };
  try {
    const outcome = await runInSandbox(
      request,
      cache,
      streams,
      (step) => steps.draw(step),
      abort.signal,
    );
    steps.clear();
    if (outcome.results < request.results.length) {
      const missing = request.results.length - outcome.results;
      console.error(`${missing} of ${request.results.length} results are not there inside`);
    }
    if (outcome.kept !== undefined) console.error(`The run's directory is ${outcome.kept}`);
    return outcome.status;
  } catch (error) {
    steps.clear();
    if (signalled !== undefined) {
      console.error("The sandbox was stopped by a signal");
      return signalled;
    }
    if (
      error instanceof SandboxError || error instanceof MissingError ||
      error instanceof ProgramError || error instanceof RangeError ||
      error instanceof SyntaxError
    ) {
      console.error(error.message);
      const late = error instanceof SandboxError && error.kind === "timeout";
      return late ? STATUS_TIMEOUT : STATUS_FAILED;
    }
    const told = noRoom(error, cache) ?? limitText(error);
    if (told === undefined) throw error;
    console.error(told);
    return STATUS_FAILED;
  }
}

/** Does what the command line asks for and gives the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  const cache = new Cache(cacheDirectory((name) => Deno.env.get(name)));
  try {
    const request = readRequest(args);
    if (request === "list") return await listCache(cache);
    if (request === "remove") return await removeCache(cache);
    return await run(request, cache);
  } catch (error) {
    if (!(error instanceof MisuseError || error instanceof SyntaxError)) throw error;
    console.error(`${error.message}\n\n${asCalled(USAGE)}`);
    return STATUS_MISUSE;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
