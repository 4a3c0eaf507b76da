/**
 * `deno task verify`: decides the clauses on this host's KVM and prints which
 * promises hold.
 *
 * @module
 */
import { type Clause, decide, executionsOf } from "../tests/support/clause.ts";
import { executionObstacle } from "../tests/support/execution.ts";
import { facts } from "../tests/support/facts.ts";
import { isRequired } from "../tests/support/required.ts";
import { parseOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import type { ClauseRecord, VerifyRun } from "./results/format.ts";
import { configurationName, hostRecord } from "./results/host.ts";
import { countVerdicts, isFailure } from "./results/verdicts.ts";
import { writeResults } from "./results/write.ts";
import { paintFor } from "./terminal.ts";
import { loadClauses } from "./verify/load_clauses.ts";
import { toJunit } from "./verify/junit.ts";
import { executionsText, Report, summaryText } from "./verify/report.ts";
import { type Found, recordOf } from "./verify/record.ts";
import { idMatcher } from "./verify/select.ts";
import { writeWhole } from "./write_file.ts";

const USAGE = `deno task verify: decide the clauses on this host's KVM

Usage: deno task verify [--filter PATTERNS] [--json FILE] [--junit FILE]

  --filter PATTERNS  only clauses whose id matches, such as F-05, 'K-*' or 'U-*,X-3?'
  --json FILE        write the results as JSON
  --junit FILE       write the results as JUnit XML
  --help             show this

Exit status: 0 when nothing deviates but what is recorded, 1 otherwise, 2 for a bad
command line. TRAPLINE_REQUIRE=kvm makes a missing KVM a failure.`;

async function decideOne(clause: Clause): Promise<ClauseRecord> {
  const found: Found[] = [];
  for (const execution of executionsOf(clause)) {
    const start = performance.now();
    const verdict = await decide(clause, execution);
    found.push({ execution, verdict, milliseconds: performance.now() - start });
  }
  return recordOf(clause, found);
}

/** Decides one after the other and prints each at once, so that one that hangs can be told. */
async function decideAll(chosen: readonly Clause[]): Promise<ClauseRecord[]> {
  const progress = new Progress("clauses", chosen.length);
  const report = new Report(paintFor(), console.log);
  const results: ClauseRecord[] = [];
  for (const clause of chosen) {
    progress.show(clause.id);
    const result = await decideOne(clause);
    progress.clear();
    report.add(result);
    results.push(result);
  }
  return results;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseOptions({
    usage: USAGE,
    options: {
      filter: { type: "string" },
      json: { type: "string" },
      junit: { type: "string" },
    },
    args,
  });
  const matches = idMatcher(values.filter ?? "*");
  const chosen = (await loadClauses())
    .map(({ clause }) => clause)
    .filter(({ id }) => matches(id));
  if (chosen.length === 0) {
    console.error(`No clause matches "${values.filter}"`);
    return 2;
  }

  const made = new Date().toISOString();
  const host = hostRecord();
  const modules = Object.keys(host.modules).join(", ") || "none loaded";
  console.log(`KVM on Linux ${host.kernel}, ${host.cpu}; modules: ${modules}\n`);
  const start = performance.now();
  const results = await decideAll(chosen);
  const seconds = (performance.now() - start) / 1000;
  console.log(`\n${summaryText(results, seconds)}`);
  console.log(executionsText(results, executionObstacle("forced emulation")));

  if (values.json !== undefined) {
    const run: VerifyRun = {
      kind: "verify",
      configuration: configurationName(),
      made,
      host,
      selected: chosen.map(({ id }) => id),
      counts: countVerdicts(results),
      clauses: results,
    };
    await writeResults(values.json, [run]);
  }
  if (values.junit !== undefined) await writeWhole(values.junit, toJunit(results));
  const missing = facts().unavailable;
  if (missing !== undefined) console.error(`\nNothing could be decided: ${missing}`);
  const failed = results.some(({ verdict }) => isFailure(verdict));
  return failed || (missing !== undefined && isRequired("kvm")) ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
