/**
 * Runs `test`, `verify`, `fuzz`, `race` or `sweep` where there is a KVM: on this
 * host where its KVM is usable, else in the AMD sandbox. `TRAPLINE_KVM` chooses
 * by hand, and before it the option `--config`, which names a kernel too.
 *
 * @module
 */
import { relative, resolve } from "node:path";
import { deviceObstacle } from "../tests/support/facts.ts";
import { ENDING_SIGNALS, onEndingSignal } from "./ending_signals.ts";
import { readRequest as readFuzz, USAGE as FUZZ_USAGE } from "./fuzz/request.ts";
import { denoArguments, launch, offlineSource } from "./launch.ts";
import { MisuseError } from "./misuse.ts";
import { placeOf } from "./output_place.ts";
import { ROOT } from "./program.ts";
import { readRequest as readRace, USAGE as RACE_USAGE } from "./race/request.ts";
import { runTask } from "./run_task.ts";
import { main as sandbox } from "./sandbox.ts";
import { readRequest as readSweep, USAGE as SWEEP_USAGE } from "./sweep/request.ts";
import { checkTestArguments, TEST_USAGE } from "./test_arguments.ts";
import { testFiles, withOneFile } from "./test_files.ts";
import { readRequest as readVerify, USAGE as VERIFY_USAGE } from "./verify/request.ts";

/** Where the tests find their KVM; `none` runs what needs none. */
export type Place = "host" | "amd" | "intel" | "none";

const PLACES: readonly Place[] = ["host", "amd", "intel", "none"];

/** What every task here needs: KVM, the program's files, and the files that options name. */
const PERMISSIONS = ["--allow-ffi", "--allow-read", "--allow-write"];
/** Also what names a shard where Kubernetes starts them. */
const VARIABLES = "--allow-env=TRAPLINE_*,JOB_COMPLETION_INDEX";
/** What suffices for a task that has no shards. */
const OWN_VARIABLES = "--allow-env=TRAPLINE_*";

/** A task that wants a KVM. */
export interface Task {
  /** Deno's command line for it. */
  readonly command: readonly string[];
  /** What follows a complaint. */
  readonly usage: string;
  /** Reads the arguments before a sandbox is made for them, and says whether they need a KVM. */
  readonly needsKvm: (args: readonly string[]) => boolean;
  /** How many processors its sandbox has; one by default, which is quickest. */
  readonly processors?: number;
}

/** The tasks that want a KVM, by name. */
export const TASKS: Readonly<Record<string, Task>> = {
  test: {
    command: ["test", "--quiet", ...PERMISSIONS, "--allow-env", "--allow-run"],
    usage: TEST_USAGE,
    needsKvm: (args) => {
      checkTestArguments(args);
      return true;
    },
  },
  verify: {
    command: [
      "run",
      "--quiet",
      ...PERMISSIONS,
      VARIABLES,
      "--allow-run",
      `${ROOT}/scripts/verify.ts`,
    ],
    usage: VERIFY_USAGE,
    needsKvm: (args) => {
      readVerify(args);
      return true;
    },
  },
  fuzz: {
    command: ["run", "--quiet", ...PERMISSIONS, VARIABLES, `${ROOT}/scripts/fuzz.ts`],
    usage: FUZZ_USAGE,
    needsKvm: (args) => {
      readFuzz(args);
      return true;
    },
  },
  race: {
    command: ["run", "--quiet", ...PERMISSIONS, OWN_VARIABLES, `${ROOT}/scripts/race.ts`],
    usage: RACE_USAGE,
    needsKvm: (args) => {
      readRace(args);
      return true;
    },
    // On one, guests stand still while the kernel changes their filter.
    processors: 2,
  },
  sweep: {
    command: ["run", "--quiet", ...PERMISSIONS, VARIABLES, `${ROOT}/scripts/sweep.ts`],
    usage: SWEEP_USAGE,
    // A difference and a merge are of files that are here already.
    needsKvm: (args) => readSweep(args).kind === "map",
  },
};

/** Where a task leaves files when `--save` names no other place. */
const LEFT_BEHIND: Readonly<Record<string, readonly string[]>> = { fuzz: ["build/fuzz"] };

/**
 * Where to run, and the line that says so.
 *
 * @param wanted What was asked for: the place of `--config`, or the value of `TRAPLINE_KVM`.
 * @param whyNot Why the host's KVM cannot be used.
 * @throws {MisuseError} When `wanted` is no place.
 */
export function choosePlace(
  wanted: string | undefined,
  whyNot: string | undefined,
): { readonly place: Place; readonly line: string } {
  if (wanted === undefined || wanted === "") {
    return whyNot === undefined ? { place: "host", line: "Using this host's KVM" } : {
      place: "amd",
      line: `Using the AMD sandbox, for the host's KVM is not usable: ${whyNot}`,
    };
  }
  const place = PLACES.find((place) => place === wanted);
  if (place === undefined) {
    throw new MisuseError(
      `Cannot use the KVM of "${wanted}": it must be one of ${PLACES.join(", ")}`,
    );
  }
  const what = {
    host: "this host's KVM",
    amd: "the AMD sandbox",
    intel: "the Intel sandbox",
    none: "no KVM: what needs one is skipped",
  }[place];
  return { place, line: `Using ${what}, as you asked` };
}

/** A place, and the sandbox's kernel where one is named. */
export interface Config {
  /** Where to run. */
  readonly place: string;
  /** The sandbox's kernel; its default when there is none. */
  readonly kernel?: string;
}

/**
 * Takes `--config PLACE[:KERNEL]` out of a task's arguments; the last one counts.
 *
 * @throws {MisuseError} When nothing follows it.
 */
export function takeConfig(
  args: readonly string[],
): { readonly config: Config | undefined; readonly rest: readonly string[] } {
  let config: Config | undefined;
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const match = /^--config(?:=(.*))?$/.exec(args[i]!);
    if (match === null) {
      rest.push(args[i]!);
      continue;
    }
    const value = match[1] ?? args[++i];
    if (value === undefined || value === "") {
      throw new MisuseError("Cannot use --config: a place must follow it, such as amd:6.12");
    }
    const [place = "", ...kernel] = value.split(":");
    config = { place, ...(kernel.length > 0 && { kernel: kernel.join(":") }) };
  }
  return { config, rest };
}

/** What a sandbox must bring back for what is to be written to `path`. */
function broughtBack(path: string): string[] {
  const place = placeOf(path);
  if (place.kind === "file") {
    // Where a link leads, which is what changes inside.
    const target = resolve(place.path);
    return [target === resolve(path) ? path : relative(Deno.cwd(), target)];
  }
  // The sandbox has these devices itself.
  if (place.kind === "stream" || path === "/dev/null") return [];
  throw new MisuseError(`Cannot write "${path}" from a sandbox: it is no file`);
}

/**
 * The result files that `args` name, which a sandbox must bring back, and
 * `leftBehind` unless `--save` has the task leave that elsewhere.
 */
export function resultFiles(
  args: readonly string[],
  leftBehind: readonly string[] = [],
): string[] {
  const saves = args.some((arg) => /^--save(?:=|$)/.test(arg));
  const named = args.flatMap((arg, i) => {
    const match = /^--(?:json|junit|junit-path|ktap|save|html)(?:=(.*))?$/.exec(arg);
    if (match === null) return [];
    const path = match[1] ?? args[i + 1];
    // With "-" it is standard output, which comes out of a sandbox by itself.
    return path === undefined || path === "-" ? [] : broughtBack(path);
  });
  return saves ? named : [...named, ...leftBehind];
}

/**
 * Launches a task with a folder of its own for temporary files, which goes with
 * it: a signal that ends the task leaves it no time to remove what it made.
 */
async function launchWithFolder(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  let ended: number | undefined;
  using _signals = onEndingSignal((_, status) => ended = status);
  const folder = Deno.makeTempDirSync({ prefix: "trapline-" });
  try {
    const code = await launch(args, { ...env, TMPDIR: folder });
    return ended ?? code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(name: string, task: Task, args: readonly string[]): Promise<number> {
  const { config, rest } = takeConfig(args);
  const wanted = config?.place ?? Deno.env.get("TRAPLINE_KVM");
  // With a place given, what the host has does not matter to whether it is one.
  if (wanted !== undefined) choosePlace(wanted, undefined);
  if (!task.needsKvm(rest)) return await launchWithFolder([...task.command, ...rest]);
  const { place, line } = choosePlace(wanted, deviceObstacle());
  console.error(line);
  if (place === "host" || place === "none") {
    return await launchWithFolder([...task.command, ...rest]);
  }
  const kernel = config?.kernel === undefined ? [] : ["--kernel", config.kernel];
  const processors = task.processors === undefined ? [] : ["--processors", String(task.processors)];
  const inSandbox = async (args: readonly string[]): Promise<number> => {
    const results = resultFiles(args, LEFT_BEHIND[name]).flatMap((path) => ["--result", path]);
    // Not the task: that would start Deno three times inside, and JSR is not there.
    const inside = ["deno", ...denoArguments([...task.command, ...args], offlineSource())];
    return await sandbox([
      "--vendor",
      place,
      ...kernel,
      ...processors,
      ...results,
      "--",
      ...inside,
    ]);
  };
  // All tests of this repository would take an hour in there; others go in as they are asked for.
  const isAllOwn = name === "test" && rest.length === 0 && Deno.cwd() === Deno.realPathSync(ROOT);
  if (!isAllOwn) return await inSandbox(rest);
  const { withKvm, withoutKvm } = testFiles();
  console.error("The tests that need no KVM, on this host");
  const first = await launchWithFolder([...task.command, ...withoutKvm], { TRAPLINE_KVM: "none" });
  const wasEnded = Object.values<number>(ENDING_SIGNALS).includes(first);
  if (wasEnded) return first;
  console.error("The tests that need KVM, in the sandbox");
  return await withOneFile(withKvm, (path) => inSandbox([path])) || first;
}

if (import.meta.main) {
  const [name = "", ...args] = Deno.args;
  const task = TASKS[name];
  if (task === undefined) throw new TypeError(`Cannot run "${name}": it is no task`);
  await runTask(task.usage, () => run(name, task, args));
}
