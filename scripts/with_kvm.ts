/**
 * Runs `test` or `verify` where there is a KVM: on this host where its KVM is
 * usable, else in the AMD sandbox. `TRAPLINE_KVM` chooses by hand.
 *
 * @module
 */
import { Kvm, KvmUnavailableError } from "../mod.ts";
import { launch } from "./launch.ts";
import { main as sandbox } from "./sandbox.ts";

/** Where the tests find their KVM; `none` runs what needs none. */
export type Place = "host" | "amd" | "intel" | "none";

const PLACES: readonly Place[] = ["host", "amd", "intel", "none"];

/** The tasks, as Deno's command line for each. */
const TASKS: Readonly<Record<string, readonly string[]>> = {
  test: [
    "test",
    "--quiet",
    "--allow-ffi",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-run",
  ],
  verify: [
    "run",
    "--quiet",
    "--allow-ffi",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "scripts/verify.ts",
  ],
};

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
 * @param wanted The value of `TRAPLINE_KVM`.
 * @param whyNot Why the host's KVM cannot be used.
 * @throws {TypeError} When `wanted` is no place.
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
    throw new TypeError(
      `Cannot use TRAPLINE_KVM "${wanted}": it must be one of ${PLACES.join(", ")}`,
    );
  }
  const what = {
    host: "this host's KVM",
    amd: "the AMD sandbox",
    intel: "the Intel sandbox",
    none: "no KVM: what needs one is skipped",
  }[place];
  return { place, line: `Using ${what}, as TRAPLINE_KVM says` };
}

/** The result files that `args` name, which a sandbox must bring back. */
export function resultFiles(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    const match = /^--(?:json|junit|junit-path)(?:=(.*))?$/.exec(arg);
    if (match === null) return [];
    const path = match[1] ?? args[i + 1];
    return path === undefined ? [] : [path];
  });
}

async function main([task = "", ...args]: readonly string[]): Promise<number> {
  const command = TASKS[task];
  if (command === undefined) {
    throw new TypeError(`Cannot run "${task}": it is not one of ${Object.keys(TASKS).join(", ")}`);
  }
  const { place, line } = choosePlace(Deno.env.get("TRAPLINE_KVM"), whyNotHost());
  console.error(line);
  if (place === "host" || place === "none") return await launch([...command, ...args]);
  const results = resultFiles(args).flatMap((path) => ["--result", path]);
  return await sandbox(["--vendor", place, ...results, "--", "deno", "task", task, ...args]);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
