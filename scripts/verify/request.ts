/**
 * The command line of `verify`.
 *
 * @module
 */
import { catalogueIds } from "../../tests/support/catalogue.ts";
import { clausesOf } from "../fleet/clause_parts.ts";
import { readShard, type Shard, SHARD_HELP } from "../fleet/shard.ts";
import { MisuseError } from "../misuse.ts";
import { parseOptions } from "../options.ts";
import { OUTPUT_HELP, requireOutputs } from "../output_place.ts";
import { KEPT_HELP } from "../results/kept_file.ts";
import { idMatcher } from "./select.ts";

/** What `deno task verify --help` prints. */
export const USAGE = `deno task verify: decide the clauses on this host's KVM

Usage: deno task verify [--filter PATTERNS] [--shard I/N] [--json FILE] [--junit FILE]
                        [--ktap FILE] [--html FILE]

  --filter PATTERNS  only clauses whose id matches, such as F-05, 'K-*' or 'U-*,X-3?'
${SHARD_HELP}
  --json FILE        write the results as JSON
  --junit FILE       write the results as JUnit XML
  --ktap FILE        write the results as KTAP, for CI systems of the kernel; with "-" to standard
                     output as they come, and what is for people to standard error
  --html FILE        write the results as a page, as "deno task report" does for many
  --help             show this

${OUTPUT_HELP}
${KEPT_HELP}

Exit status: 0 when nothing deviates but what is recorded, 1 otherwise, 2 for a bad
command line. TRAPLINE_REQUIRE=kvm makes a missing KVM a failure.`;

/** What `verify` is to do. */
export interface Request {
  /** The ids of the clauses that `--filter` names. */
  readonly matching: readonly string[];
  /** Those of them to decide, which are the shard's. */
  readonly chosen: readonly string[];
  /** The shard. */
  readonly shard: Shard;
  /** Where to write the results as JSON. */
  readonly json: string | undefined;
  /** Where to write them as JUnit XML. */
  readonly junit: string | undefined;
  /** Where to write them as KTAP; `-` is standard output. */
  readonly ktap: string | undefined;
  /** Where to write them as a page. */
  readonly html: string | undefined;
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
      filter: { type: "string" },
      shard: { type: "string" },
      json: { type: "string" },
      junit: { type: "string" },
      ktap: { type: "string" },
      html: { type: "string" },
    },
    args,
  });
  const { filter = "*", json, junit, ktap, html } = values;
  const matching = catalogueIds().filter(idMatcher(filter));
  if (matching.length === 0) throw new MisuseError(`No clause matches "${filter}"`);
  const shard = readShard(values.shard);
  requireOutputs(json, junit, ktap === "-" ? undefined : ktap, html);
  return { matching, chosen: clausesOf(shard, matching), shard, json, junit, ktap, html };
}
