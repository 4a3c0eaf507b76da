/**
 * One run of a command in a sandbox, from the cache to the exit status.
 *
 * @module
 */
import { join } from "node:path";
import type { Cache } from "./cache.ts";
import { ConsoleLog } from "./console_log.ts";
import { denoFiles } from "./deno_files.ts";
import { makeExchange, readOutward } from "./exchange.ts";
import { failureOf, SandboxError } from "./failure.ts";
import { guestFiles, type GuestSettings, type ModuleParameter } from "./guest_settings.ts";
import { holdInitramfs } from "./initramfs.ts";
import { holdElf } from "./kernel_elf.ts";
import { KERNEL_OPTIONS } from "./kernel_options.ts";
import { holdKernel } from "./kernels.ts";
import type { BootImage, Ended, Machine, Run, Tools } from "./machine.ts";
import type { OwnFiles } from "./own_files.ts";
import { BUSYBOX, E2FSPROGS, holdTools, type Report } from "./packages.ts";
import { holdPayload } from "./payload.ts";
import { primeDeno } from "./prime.ts";
import { makeRunDirectory, removeLeftovers } from "./run_directory.ts";

/** What is to be run, and how. */
export interface Request {
  readonly machine: Machine;
  /** A generation, or the path of a bzImage. */
  readonly kernel: string;
  /** Where the modules of a kernel given by path are. */
  readonly modules: string | undefined;
  readonly parameters: readonly ModuleParameter[];
  readonly memoryMib: number;
  readonly processors: number;
  /** Seconds after which the command is taken to hang. */
  readonly timeoutSeconds: number;
  /** Whether the run's directory stays. */
  readonly keep: boolean;
  /** Whether the command gets a terminal. */
  readonly terminal: boolean;
  readonly command: readonly string[];
  /** The directory whose files go in, and where the command runs. */
  readonly directory: string;
  /** What goes in of Trapline when it is not in the directory. */
  readonly own: OwnFiles | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Paths of files and folders to bring back, from the directory. */
  readonly results: readonly string[];
}

/** Where what the command prints goes, and where it reads from. */
export interface Streams {
  readonly stdin: ReadableStream<Uint8Array> | undefined;
  stdout(bytes: Uint8Array): Promise<void>;
  stderr(bytes: Uint8Array): Promise<void>;
}

/** How a run came out. */
export interface Outcome {
  /** The command's exit status. */
  readonly status: number;
  /** How many results came back. */
  readonly results: number;
  /** Where the run's directory is, if it was to be kept. */
  readonly kept: string | undefined;
}

/** Days after which what nobody used goes from the cache. */
const UNUSED_DAYS = 30;

/**
 * One emulated processor has to do what V8 would leave to other threads, and compiling well
 * what soon ends costs more there than it brings: a short test takes a third less this way.
 * To write a protection key, as V8 does around each piece of code it makes, flushes QEMU's whole
 * TLB, which is another sixth.
 */
const V8_FLAGS = "--single-threaded,--liftoff-only,--no-memory-protection-keys";

async function drain(
  stream: ReadableStream<Uint8Array>,
  each: (bytes: Uint8Array) => Promise<void> | void,
): Promise<void> {
  for await (const bytes of stream) await each(bytes);
}

function deadline(seconds: number): { readonly over: Promise<true>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<true>();
  const timer = setTimeout(() => resolve(true), seconds * 1000);
  return { over: promise, stop: () => clearTimeout(timer) };
}

/** Waits until the machine is off; throws when it does not come to it in time. */
async function follow(
  run: Run,
  { machine, timeoutSeconds }: Request,
  streams: Streams,
  log: ConsoleLog,
): Promise<Ended> {
  const drained = Promise.all([
    drain(run.console, (bytes) => log.add(bytes)),
    drain(run.stdout, streams.stdout),
    drain(run.stderr, streams.stderr),
  ]);
  if (run.stdin !== undefined && streams.stdin !== undefined) {
    streams.stdin.pipeTo(run.stdin, { preventCancel: true }).catch(() => {});
  }
  const total = deadline(timeoutSeconds);
  const boot = deadline(Math.min(machine.bootSeconds, timeoutSeconds));
  try {
    const late = await Promise.race([log.ready, run.ended, boot.over]);
    if (late === true) {
      run.kill();
      await drained;
      const message = `The sandbox did not boot within ${machine.bootSeconds} s`;
      throw new SandboxError("boot timeout", message, log.lastLines);
    }
    if (await Promise.race([run.ended, total.over]) === true) {
      run.kill();
      await drained;
      const message = `The command did not end within ${timeoutSeconds} s`;
      throw new SandboxError("timeout", message, log.lastLines);
    }
    await drained;
    return await run.ended;
  } finally {
    boot.stop();
    total.stop();
    run.kill();
    await run.ended;
  }
}

function settingsFor(request: Request, denoDirectory: string): GuestSettings {
  const { machine, env, own, ...rest } = request;
  return {
    ...rest,
    program: own?.root,
    env: {
      HOME: "/root",
      TERM: "xterm",
      DENO_V8_FLAGS: V8_FLAGS,
      ...env,
      DENO_DIR: denoDirectory,
      DENO_NO_UPDATE_CHECK: "1",
      TRAPLINE_KVM: "host",
      TRAPLINE_SANDBOX: machine.vendor,
      TRAPLINE_CONFIG: `${machine.vendor}:${request.kernel}`,
      TRAPLINE_TIME_SCALE: String(machine.timeScale),
    },
  };
}

/**
 * Runs a command in a sandbox.
 *
 * @param report is told what goes on until the machine boots.
 * @param signal ends it at once; nothing stays behind.
 * @throws `SandboxError` when the sandbox ends without the command having ended.
 * @throws `MissingError` when something is needed that cannot be had.
 */
export async function runInSandbox(
  request: Request,
  cache: Cache,
  streams: Streams,
  report: Report,
  signal: AbortSignal,
): Promise<Outcome> {
  const { machine, directory, own } = request;
  const primed = primeDeno(request.command, directory, signal);
  using emulator = await holdTools(
    cache,
    machine.toolsFor(request.processors),
    report,
    signal,
  );
  using busybox = await holdTools(cache, BUSYBOX, report, signal);
  using e2fsprogs = await holdTools(cache, E2FSPROGS, report, signal);
  using kernel = await holdKernel(cache, request.kernel, request.modules, report, signal);
  report("preparing the disks");
  using elf = machine.entersElf ? await holdElf(cache, kernel, signal) : undefined;
  await primed;
  const deno = own?.isProject
    ? await denoFiles(own.root)
    : await denoFiles(directory, own === undefined ? [] : [own.root]);
  using payload = await holdPayload(cache, deno.packages, e2fsprogs, signal);
  await removeLeftovers();
  await cache.prune(UNUSED_DAYS);
  await using folder = await makeRunDirectory(request.keep);
  const shell = busybox.program("busybox");
  using initramfs = await holdInitramfs(cache, kernel, machine, shell, folder.path, signal);
  const exchange = await makeExchange(
    folder.path,
    {
      paths: [directory, ...(own?.paths ?? []), ...deno.paths],
      without: [join(directory, ".git"), folder.path],
      own: guestFiles(settingsFor(request, deno.directory)),
    },
    e2fsprogs,
    signal,
  );
  const image: BootImage = {
    kernel: kernel.image,
    ...(elf?.path === undefined ? {} : { elf: elf.path }),
    initramfs: initramfs.path,
    commandLine: [...KERNEL_OPTIONS, machine.commandLine].join(" "),
    payload: join(payload.path, "image"),
    exchange,
    memoryMib: request.memoryMib,
    processors: request.processors,
    directory: folder.path,
  };
  report(`booting Linux ${kernel.name} on ${machine.name}`);
  return await boot(request, image, emulator, streams, signal, async () => {
    const outward = await readOutward(exchange, e2fsprogs, folder.path, directory);
    return outward && { ...outward, kept: request.keep ? folder.path : undefined };
  });
}

async function boot(
  request: Request,
  image: BootImage,
  tools: Tools,
  streams: Streams,
  signal: AbortSignal,
  outcome: () => Promise<Outcome | undefined>,
): Promise<Outcome> {
  const log = new ConsoleLog();
  const run = await request.machine.start(image, tools, signal);
  const ended = await follow(run, request, streams, log);
  signal.throwIfAborted();
  // A status after a lost write may be of a command whose files are not whole.
  const out = log.lostWrite === undefined ? await outcome() : undefined;
  if (out === undefined) throw failureOf(request.machine.name, ended, log, image.directory);
  return out;
}
