/**
 * `deno task verify`: decides the clauses on this host's KVM and prints which
 * promises hold.
 *
 * @module
 */
import { type Clause, decide, executionsOf } from "../tests/support/clause.ts";
import { withWitness } from "../guests/witness.ts";
import { executionObstacle } from "../tests/support/execution.ts";
import { facts } from "../tests/support/facts.ts";
import { isRequired } from "../tests/support/required.ts";
import { shardText } from "./fleet/shard.ts";
import { Progress } from "./progress.ts";
import type { ClauseRecord, VerifyRun } from "./results/format.ts";
import { configurationName, hostRecord } from "./results/host.ts";
import { KeptFile } from "./results/kept_file.ts";
import { ownVersion } from "./results/own_version.ts";
import { countVerdicts, isFailure } from "./results/verdicts.ts";
import { writeReport } from "./results/write.ts";
import { runTask } from "./run_task.ts";
import { paintFor } from "./terminal.ts";
import { loadClauses } from "./verify/load_clauses.ts";
import { toJunit } from "./verify/junit.ts";
import { ktapHead, ktapLines, toKtap } from "./verify/ktap.ts";
import { executionsText, Report, summaryText } from "./verify/report.ts";
import { type Found, recordOf } from "./verify/record.ts";
import { readRequest, USAGE } from "./verify/request.ts";
import { writeEach, writeWhole } from "./write_file.ts";

/** Milliseconds between two writes of what was decided so far. */
const PACE_MS = 1000;

async function decideOne(clause: Clause): Promise<ClauseRecord> {
  const found: Found[] = [];
  for (const execution of executionsOf(clause)) {
    const start = performance.now();
    const { result, guests } = await withWitness(() => decide(clause, execution));
    const milliseconds = performance.now() - start;
    found.push({ execution, verdict: result, milliseconds, guests });
  }
  return recordOf(clause, found);
}

/** Decides one after the other and shows each at once, so that one that hangs can be told. */
async function decideAll(
  chosen: readonly Clause[],
  keep: (decided: readonly ClauseRecord[]) => Promise<void>,
  show: (clause: ClauseRecord) => void,
): Promise<ClauseRecord[]> {
  const progress = new Progress("clauses", chosen.length);
  const results: ClauseRecord[] = [];
  await keep(results);
  for (const clause of chosen) {
    progress.show(clause.id);
    const result = await decideOne(clause);
    progress.clear();
    show(result);
    results.push(result);
    await keep(results);
  }
  return results;
}

async function main(args: readonly string[]): Promise<number> {
  const { matching, chosen, shard, json, junit, ktap, html } = readRequest(args);
  const clauses = (await loadClauses())
    .map(({ clause }) => clause)
    .filter(({ id }) => chosen.includes(id));

  const isLive = ktap === "-";
  const say = isLive ? console.error : console.log;
  const made = new Date().toISOString();
  const host = hostRecord();
  const modules = Object.keys(host.modules).join(", ") || "none loaded";
  say(`KVM on Linux ${host.kernel}, ${host.cpu}; modules: ${modules}`);
  if (shard.total > 1) {
    say(`Shard ${shardText(shard)}: ${chosen.length} of ${matching.length} clauses`);
  }
  say("");
  const runWith = (decided: readonly ClauseRecord[]): VerifyRun => ({
    kind: "verify",
    configuration: configurationName(),
    made,
    trapline: ownVersion(),
    host,
    selected: matching,
    ...(shard.total > 1 && { shard: { ...shard, selected: chosen } }),
    counts: countVerdicts(decided),
    clauses: decided,
  });
  const file = new KeptFile(json, PACE_MS);
  const keep = (decided: readonly ClauseRecord[]): Promise<void> =>
    file.keep(() => [runWith(decided)]);
  const out = isLive ? Deno.stderr : Deno.stdout;
  const report = new Report(paintFor({ isTerminal: out.isTerminal() }), say);
  if (isLive) console.log(ktapHead(clauses.length).trimEnd());
  let shown = 0;
  const start = performance.now();
  const results = await decideAll(clauses, keep, (clause) => {
    report.add(clause);
    if (isLive) console.log(ktapLines(++shown, clause).trimEnd());
  });
  const seconds = (performance.now() - start) / 1000;
  say(`\n${summaryText(results, seconds)}`);
  say(executionsText(results, executionObstacle("forced emulation")));

  const run = runWith(results);
  const isWritten = await writeEach([
    () => file.write([run]),
    ...(junit === undefined ? [] : [() => writeWhole(junit, toJunit(results))]),
    ...(ktap === undefined || isLive ? [] : [() => writeWhole(ktap, toKtap(results))]),
    ...(html === undefined ? [] : [() => writeReport(html, json ?? "verify", [run])]),
  ]);
  const missing = facts().unavailable;
  if (missing !== undefined) console.error(`\nNothing could be decided: ${missing}`);
  const failed = results.some(({ verdict }) => isFailure(verdict));
  return failed || !isWritten || (missing !== undefined && isRequired("kvm")) ? 1 : 0;
}

if (import.meta.main) await runTask(USAGE, () => main(Deno.args));
