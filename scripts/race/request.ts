/**
 * The command line of `race`.
 *
 * @module
 */
import { MisuseError } from "../misuse.ts";
import { parseOptions } from "../options.ts";
import { OUTPUT_HELP, requireOutputs } from "../output_place.ts";

/** What `deno task race --help` prints. */
export const USAGE = `deno task race: change filters under running vCPUs, for as long as asked

Usage: deno task race [--seconds N] [--vcpus N] [--json FILE]
                      [--config host|amd|intel[:KERNEL]]

  --seconds N        race for so long, beside what starting vCPUs takes; 10 by default
  --vcpus N          vCPUs in a VM, 1 to 8, each on a thread of its own; 4 by default
  --json FILE        write what was counted and found
  --config C         where: this host, or a sandbox with a kernel, such as intel:6.12, which has
                     two processors then
  --help             show this

Two filters that agree on some MSRs and differ on others take turns, as fast as the kernel takes
them, while every vCPU accesses MSRs: what both allow must never trap, what both deny always does,
and once the ioctl has returned the new filter decides. The same while vCPUs are made, while the
host reads and writes MSRs, and while the VM is closed. How surely a window of 100 us without the
filter would have been noticed is worked out from the rates measured.

${OUTPUT_HELP}

Exit status: 0 without a violation, 1 otherwise, 2 for a bad command line.`;

/** What `race` is to do. */
export interface Request {
  /** How long to race, in seconds. */
  readonly seconds: number;
  /** vCPUs in a VM. */
  readonly vcpus: number;
  /** Where to write the results. */
  readonly json: string | undefined;
}

/**
 * Reads the command line; `--help` and unknown options end the process.
 *
 * @throws {MisuseError} When a value is none that the option can have.
 */
export function readRequest(args: readonly string[]): Request {
  const { values } = parseOptions({
    usage: USAGE,
    options: {
      seconds: { type: "string" },
      vcpus: { type: "string" },
      json: { type: "string" },
    },
    args,
  });
  const [seconds, vcpus] = [Number(values.seconds ?? "10"), Number(values.vcpus ?? "4")];
  if (!(seconds > 0 && seconds < Infinity)) {
    throw new MisuseError(
      `Cannot use --seconds "${values.seconds}": it must be a number above 0`,
    );
  }
  if (!(Number.isInteger(vcpus) && vcpus >= 1 && vcpus <= 8)) {
    throw new MisuseError(`Cannot use --vcpus "${values.vcpus}": it must be 1 to 8`);
  }
  requireOutputs(values.json);
  return { seconds, vcpus, json: values.json };
}
