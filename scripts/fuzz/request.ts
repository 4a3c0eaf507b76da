/**
 * The command line of `fuzz`.
 *
 * @module
 */
import { readShard, type Shard, SHARD_HELP } from "../fleet/shard.ts";
import { MisuseError } from "../misuse.ts";
import { parseOptions } from "../options.ts";
import { OUTPUT_HELP, requireOutputs } from "../output_place.ts";

/** What `deno task fuzz --help` prints. */
export const USAGE = `deno task fuzz: search for accesses that get past a filter, by random filters

Usage: deno task fuzz [--seed N] [--filters N | --minutes M] [--emulated] [--save DIR]
                      [--json FILE] [--shard I/N] [--config host|amd|intel[:KERNEL]]

  --seed N           start with this seed; by default another one each time
  --filters N        filters to search; 200 by default
  --minutes M        search for so long instead
  --emulated         have KVM's emulator perform the accesses (kvm.force_emulation_prefix)
  --save DIR         where a disagreement is saved as a test; build/fuzz by default
  --json FILE        write what was searched and found as results, for "report"
${SHARD_HELP}
  --config C         where: this host, or a sandbox with a kernel, such as intel:6.12
  --help             show this

Each filter is asked by some 8000 reads and writes, and what the guest and user space see is
compared with what the documentation promises. A disagreement is shrunk and printed as a test.
Shards of one search need one --seed: each takes every Nth round of it.

${OUTPUT_HELP}

Exit status: 0 when all agree, 1 otherwise, 2 for a bad command line.`;

/** Seeds are below this. */
const SEEDS = 2 ** 31;

/** What `fuzz` is to do. */
export interface Request {
  /** The seed of the first round of all shards. */
  readonly seed: number;
  /** Filters to search, over all shards; `Infinity` when the time ends the search. */
  readonly filters: number;
  /** Minutes after which no round begins. */
  readonly minutes: number;
  /** Whether KVM's emulator performs the accesses. */
  readonly emulated: boolean;
  /** Where disagreements are saved. */
  readonly save: string;
  /** Where to write the results. */
  readonly json: string | undefined;
  /** The part of the rounds to search. */
  readonly shard: Shard;
}

function above0(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) {
    throw new MisuseError(`Cannot use --${name} "${text}": it must be a number above 0`);
  }
  return value;
}

function readSeed(text: string | undefined, shard: Shard): number {
  if (text === undefined) {
    if (shard.total > 1) {
      throw new MisuseError("Cannot divide a search without --seed: all shards must have the same");
    }
    return crypto.getRandomValues(new Uint32Array(1))[0]! % SEEDS;
  }
  const seed = text.trim() === "" ? NaN : Number(text);
  if (!(Number.isSafeInteger(seed) && seed >= 0 && seed < SEEDS)) {
    throw new MisuseError(`Cannot use --seed "${text}": it must be a whole number below 2^31`);
  }
  return seed;
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
      seed: { type: "string" },
      filters: { type: "string" },
      minutes: { type: "string" },
      emulated: { type: "boolean" },
      save: { type: "string" },
      json: { type: "string" },
      shard: { type: "string" },
    },
    args,
  });
  const { filters, minutes, emulated = false, save = "build/fuzz", json } = values;
  if (filters !== undefined && minutes !== undefined) {
    throw new MisuseError("Cannot use --filters and --minutes together: one of them ends a search");
  }
  const shard = readShard(values.shard);
  requireOutputs(json);
  return {
    seed: readSeed(values.seed, shard),
    filters: minutes !== undefined ? Infinity : Math.ceil(above0("filters", filters ?? "200")),
    minutes: minutes === undefined ? Infinity : above0("minutes", minutes),
    emulated,
    save,
    json,
    shard,
  };
}
