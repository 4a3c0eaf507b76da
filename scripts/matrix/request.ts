/**
 * The command line of `matrix`.
 *
 * @module
 */
import { readShard, type Shard, SHARD_HELP } from "../fleet/shard.ts";
import { catalogueIds } from "../../tests/support/catalogue.ts";
import { MisuseError } from "../misuse.ts";
import { parseOptions } from "../options.ts";
import { requireKernel } from "../sandbox/kernels.ts";
import { idMatcher } from "../verify/select.ts";
import { OUTPUT_HELP, requireOutputs } from "../output_place.ts";
import { KEPT_HELP } from "../results/kept_file.ts";
import { type Configuration, configurations } from "./configuration.ts";

/** What `deno task matrix --help` prints. */
export const USAGE = `deno task matrix: decide the clauses on the host and in every sandbox

Usage: deno task matrix [--vendor VENDORS] [--kernel KERNELS] [--no-host] [--filter PATTERNS]
                        [--shard I/N] [--timeout S] [--json FILE] [--html FILE]

  --vendor VENDORS   amd, intel, or both with a comma; both by default
  --kernel KERNELS   of 5.10, 6.1, 6.12 and 7, or paths of bzImages, with commas; all by default
  --modules DIR      where the modules of kernels given by path are
  --no-host          leave the host's own KVM out
  --filter PATTERNS  only clauses whose id matches, such as F-05, 'K-*' or 'U-*,X-3?'
${SHARD_HELP}
  --timeout S        seconds after which one configuration is taken to hang; 1800 by default
  --json FILE        write the results of all configurations as JSON
  --html FILE        write them as a page, as "deno task report" does
  --help             show this

A shard does its part of configurations times clauses. The host is then left out, for it is
another on each machine: "deno task verify --shard" divides its clauses.

${OUTPUT_HELP}
${KEPT_HELP}

Exit status: 0 when nothing deviates but what is recorded, 1 otherwise, 2 for a bad command line.`;

/** What `matrix` is to do. */
export interface Request {
  /** Where to decide, but for the host. */
  readonly sandboxes: readonly Configuration[];
  /** Whether the host is asked too, if it has a KVM. */
  readonly withHost: boolean;
  /** The clauses that `--filter` names. */
  readonly ids: readonly string[];
  /** The part to do. */
  readonly shard: Shard;
  /** Options of `sandbox` for each configuration. */
  readonly sandboxOptions: readonly string[];
  /** Where to write the results. */
  readonly json: string | undefined;
  /** Where to write them as a page. */
  readonly html: string | undefined;
}

function requireSeconds(text: string | undefined): void {
  if (text === undefined) return;
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value > 0)) {
    throw new MisuseError(`Cannot use --timeout "${text}": it must be a whole number above 0`);
  }
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
      vendor: { type: "string" },
      kernel: { type: "string" },
      modules: { type: "string" },
      "no-host": { type: "boolean" },
      filter: { type: "string" },
      shard: { type: "string" },
      timeout: { type: "string" },
      json: { type: "string" },
      html: { type: "string" },
    },
    args,
  });
  const { vendor, kernel, modules, filter = "*", timeout, json, html } = values;
  const sandboxes = configurations(vendor, kernel, false);
  for (const each of sandboxes) if ("kernel" in each) requireKernel(each.kernel);
  requireSeconds(timeout);
  requireOutputs(json, html);
  const ids = catalogueIds().filter(idMatcher(filter));
  if (ids.length === 0) throw new MisuseError(`No clause matches "${filter}"`);
  const shard = readShard(values.shard);
  return {
    sandboxes,
    withHost: values["no-host"] !== true && shard.total === 1,
    ids,
    shard,
    sandboxOptions: [
      ...(modules === undefined ? [] : ["--modules", modules]),
      ...(timeout === undefined ? [] : ["--timeout", timeout]),
    ],
    json,
    html,
  };
}
