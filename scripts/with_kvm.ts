/**
 * Runs `test`, `verify`, `fuzz` or `sweep` where there is a KVM: on this host
 * where its KVM is usable, else in the AMD sandbox. `TRAPLINE_KVM` chooses by
 * hand, and before it the option `--config`, which names a kernel too.
 *
 * @module
 */
import { Kvm, KvmUnavailableError } from "../mod.ts";
import { denoArguments, launch } from "./launch.ts";
import { main as sandbox } from "./sandbox.ts";

/** Where the tests find their KVM; `none` runs what needs none. */
export type Place = "host" | "amd" | "intel" | "none";

/** A task or a place that does not exist, or an option without its value. */
export class MisuseError extends TypeError {
  override readonly name = "MisuseError";
}

const PLACES: readonly Place[] = ["host", "amd", "intel", "none"];

const PERMISSIONS = ["--allow-ffi", "--allow-read", "--allow-write", "--allow-env"];

/** The tasks, as Deno's command line for each. */
const TASKS: Readonly<Record<string, readonly string[]>> = {
  test: ["test", "--quiet", ...PERMISSIONS, "--allow-run"],
  verify: ["run", "--quiet", ...PERMISSIONS, "--allow-run", "scripts/verify.ts"],
  fuzz: ["run", "--quiet", ...PERMISSIONS, "scripts/fuzz.ts"],
  sweep: ["run", "--quiet", ...PERMISSIONS, "scripts/sweep.ts"],
};

/** Where a task leaves files that no option names. */
const LEFT_BEHIND: Readonly<Record<string, readonly string[]>> = { fuzz: ["build/fuzz"] };

/** Why the host's KVM cannot be used, or `undefined` when it can. */
function whyNotHost(): string | undefined {
  try {
    Kvm.open().close();
    return undefined;
  } catch (error) {
    if (error instanceof KvmUnavailableError) return error.message;
    throw error;
  }
}

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

/** The result files that `args` name, which a sandbox must bring back. */
export function resultFiles(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    const match = /^--(?:json|junit|junit-path|save|html)(?:=(.*))?$/.exec(arg);
    if (match === null) return [];
    const path = match[1] ?? args[i + 1];
    return path === undefined ? [] : [path];
  });
}

async function main([task = "", ...args]: readonly string[]): Promise<number> {
  const command = TASKS[task];
  if (command === undefined) {
    throw new MisuseError(
      `Cannot run "${task}": it is not one of ${Object.keys(TASKS).join(", ")}`,
    );
  }
  // A difference is between files that are here already.
  if (task === "sweep" && args[0] === "diff") return await launch([...command, ...args]);
  const { config, rest } = takeConfig(args);
  const wanted = config?.place ?? Deno.env.get("TRAPLINE_KVM");
  const { place, line } = choosePlace(wanted, whyNotHost());
  console.error(line);
  if (place === "host" || place === "none") return await launch([...command, ...rest]);
  const results = [...resultFiles(rest), ...LEFT_BEHIND[task] ?? []]
    .flatMap((path) => ["--result", path]);
  const kernel = config?.kernel === undefined ? [] : ["--kernel", config.kernel];
  // Not the task: that would start Deno three times inside, and JSR is not there.
  const inside = ["deno", ...denoArguments([...command, ...rest], false)];
  return await sandbox(["--vendor", place, ...kernel, ...results, "--", ...inside]);
}

if (import.meta.main) {
  try {
    Deno.exitCode = await main(Deno.args);
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error;
    console.error(error.message);
    Deno.exitCode = 2;
  }
}
