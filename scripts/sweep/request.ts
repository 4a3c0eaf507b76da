/**
 * The command line of `sweep`.
 *
 * @module
 */
import { MSR_WINDOWS, type MsrWindow } from "@trapline/trapline/sweep";
import { readShard, type Shard, SHARD_HELP } from "../fleet/shard.ts";
import { MisuseError } from "../misuse.ts";
import { parseOptions } from "../options.ts";
import { OUTPUT_HELP, requireOutputs } from "../output_place.ts";
import { windowsOfShard } from "./shard_windows.ts";
import { parseRanges } from "./ranges.ts";

/** What `deno task sweep --help` prints. */
export const USAGE = `deno task sweep: map what every MSR does here, as JSON and as a page

Usage: deno task sweep [--ranges R] [--all-bits] [--dangerous] [--shard I/N]
                       [--json FILE] [--html FILE] [--config host|amd|intel[:KERNEL]]
       deno task sweep diff A.json B.json [--html FILE]
       deno task sweep merge A.json... [--json FILE] [--html FILE]

  --ranges R         the MSRs, such as 0x10,0x200-0x2ff; by default all windows of the architectures
  --all-bits         write each of the 64 bits to MSRs that KVM does not know too
  --dangerous        make the writes too that could do more than set an MSR; use a sandbox
${SHARD_HELP}
  --json FILE        write the map
  --html FILE        write the map, or the difference, as a page that needs nothing else
  --config C         where: this host, or a sandbox with a kernel, such as intel:6.12
  --help             show this

Of each MSR: what a read gives, and the writes of the value read, of zero and of each single
bit; whether a filter can deny it; whether it is passed through, by the count of exits. Values
are restored. An MSR of which KVM knows neither the read nor the write of zero gets only the
bits 0, 31, 32 and 63, without --all-bits. Dangerous writes are left out and listed. merge makes
one map of the maps of shards, and names what none of them has.

${OUTPUT_HELP}

Exit status: 0, or 1 when there is no KVM, when diff finds a difference, or when merge misses a
part; 2 for a bad command line.`;

/** What `sweep` is to do. */
export type Request =
  | {
    readonly kind: "map";
    /** What all shards together sweep. */
    readonly whole: readonly MsrWindow[];
    /** What this one sweeps. */
    readonly windows: readonly MsrWindow[];
    readonly shard: Shard;
    readonly dangerous: boolean;
    readonly allBits: boolean;
    readonly json: string | undefined;
    readonly html: string | undefined;
  }
  | {
    readonly kind: "diff";
    readonly before: string;
    readonly after: string;
    readonly html: string | undefined;
  }
  | {
    readonly kind: "merge";
    readonly paths: readonly string[];
    readonly json: string | undefined;
    readonly html: string | undefined;
  };

const OPTIONS = {
  ranges: { type: "string" },
  "all-bits": { type: "boolean" },
  dangerous: { type: "boolean" },
  shard: { type: "string" },
  json: { type: "string" },
  html: { type: "string" },
} as const;

/** The options that work on files that are there already can have. */
const OPTIONS_OF = { diff: ["html"], merge: ["json", "html"] } as const;

function readFiles(
  kind: "diff" | "merge",
  paths: readonly string[],
  given: Readonly<Record<string, unknown>>,
): Request {
  const allowed: readonly string[] = OPTIONS_OF[kind];
  const stray = Object.keys(given).find((name) => !allowed.includes(name));
  if (stray !== undefined) throw new MisuseError(`Cannot use --${stray} with ${kind}`);
  const { json, html } = given as Partial<Record<"json" | "html", string>>;
  if (kind === "merge") {
    if (paths.length === 0) throw new MisuseError("Cannot merge: no map is named");
    return { kind, paths, json, html };
  }
  const [before, after, ...more] = paths;
  if (before === undefined || after === undefined || more.length > 0) {
    throw new MisuseError("Cannot compare: diff takes two maps");
  }
  return { kind, before, after, html };
}

/**
 * Reads the command line; `--help` and unknown options end the process.
 *
 * @throws {MisuseError} When a value is none that the option can have.
 */
export function readRequest(args: readonly string[]): Request {
  const { values, positionals: [task, ...paths] } = parseOptions({
    usage: USAGE,
    options: OPTIONS,
    args,
    allowPositionals: true,
  });
  const { ranges, json, html, dangerous = false } = values;
  requireOutputs(json, html);
  if (task === "diff" || task === "merge") return readFiles(task, paths, values);
  if (task !== undefined) {
    throw new MisuseError(`Cannot do "${task}": only "diff" and "merge" can be asked for`);
  }
  const whole = ranges === undefined
    ? MSR_WINDOWS.map(({ first, last }) => ({ first, last }))
    : parseRanges(ranges);
  const shard = readShard(values.shard);
  return {
    kind: "map",
    whole,
    windows: windowsOfShard(shard, whole),
    shard,
    dangerous,
    allBits: values["all-bits"] ?? false,
    json,
    html,
  };
}
