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
import type { ClauseRecord } from "./results/format.ts";
import { configurationName, hostRecord } from "./results/host.ts";
import { isFailure } from "./results/verdicts.ts";
import { writeReport } from "./results/write.ts";
import { runTask } from "./run_task.ts";
import { paintFor } from "./terminal.ts";
import { loadClauses } from "./verify/load_clauses.ts";
import { toJunit } from "./verify/junit.ts";
import { ktapHead, ktapLines, toKtap } from "./verify/ktap.ts";
import { executionsText, Report, summaryText } from "./verify/report.ts";
import { type Found, recordOf } from "./verify/record.ts";
import { readRequest, USAGE } from "./verify/request.ts";
import { RunFile } from "./verify/run_file.ts";
import { writeWhole } from "./write_file.ts";

async function decideOne(clause: Clause): Promise<ClauseRecord> {
  const found: Found[] = [];
  for (const execution of executionsOf(clause)) {
    const start = performance.now();
    const { result, sessions } = await withWitness(() => decide(clause, execution));
    const milliseconds = performance.now() - start;
    found.push({ execution, verdict: result, milliseconds, guests: sessions });
  }
  return recordOf(clause, found);
}

/** Decides one after the other and shows each at once, so that one that hangs can be told. */
async function decideAll(
  chosen: readonly Clause[],
  file: RunFile,
  show: (clause: ClauseRecord) => void,
): Promise<ClauseRecord[]> {
  const progress = new Progress("clauses", chosen.length);
  const results: ClauseRecord[] = [];
  await file.keep(results);
  for (const clause of chosen) {
    progress.show(clause.id);
    const result = await decideOne(clause);
    progress.clear();
    show(result);
    results.push(result);
    await file.keep(results);
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
  const file = new RunFile(json, {
    kind: "verify",
    configuration: configurationName(),
    made,
    host,
    selected: matching,
    ...(shard.total > 1 && { shard: { ...shard, selected: chosen } }),
  });
  const out = isLive ? Deno.stderr : Deno.stdout;
  const report = new Report(paintFor({ isTerminal: out.isTerminal() }), say);
  if (isLive) console.log(ktapHead(clauses.length).trimEnd());
  let shown = 0;
  const start = performance.now();
  const results = await decideAll(clauses, file, (clause) => {
    report.add(clause);
    if (isLive) console.log(ktapLines(++shown, clause).trimEnd());
  });
  const seconds = (performance.now() - start) / 1000;
  say(`\n${summaryText(results, seconds)}`);
  say(executionsText(results, executionObstacle("forced emulation")));

  await file.write(results);
  if (junit !== undefined) await writeWhole(junit, toJunit(results));
  if (ktap !== undefined && !isLive) await writeWhole(ktap, toKtap(results));
  if (html !== undefined) await writeReport(html, json ?? "verify", [file.runWith(results)]);
  const missing = facts().unavailable;
  if (missing !== undefined) console.error(`\nNothing could be decided: ${missing}`);
  const failed = results.some(({ verdict }) => isFailure(verdict));
  return failed || (missing !== undefined && isRequired("kvm")) ? 1 : 0;
}

if (import.meta.main) await runTask(USAGE, () => main(Deno.args));
