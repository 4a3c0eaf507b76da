/**
 * What a result file may not say although each part of it is well formed.
 *
 * @module
 */
import type { ResultsFile, Shard, VerifyRun } from "./format.ts";
import { countVerdicts, gravest } from "./verdicts.ts";

function shardFaults(place: string, selected: ReadonlySet<string>, shard: Shard): string[] {
  const faults: string[] = [];
  if (shard.index > shard.total) {
    faults.push(`${place}/shard/index is ${shard.index} of ${shard.total}`);
  }
  shard.selected.forEach((id, i) => {
    if (!selected.has(id)) {
      faults.push(`${place}/shard/selected/${i} is ${id}, which the whole run did not select`);
    }
  });
  return faults;
}

function clauseFaults(place: string, { clauses, selected, shard }: VerifyRun): string[] {
  const wanted = new Set(shard?.selected ?? selected);
  const seen = new Set<string>();
  return clauses.flatMap(({ id, verdict, executions }, i) => {
    const faults: string[] = [];
    if (seen.has(id)) faults.push(`${place}/clauses/${i}/id is ${id}, which was there before`);
    if (!wanted.has(id)) faults.push(`${place}/clauses/${i}/id is ${id}, which was not selected`);
    seen.add(id);
    const found = gravest(executions.map(({ verdict }) => verdict));
    if (verdict !== found) {
      faults.push(`${place}/clauses/${i}/verdict is "${verdict}", and its executions say ${found}`);
    }
    return faults;
  });
}

function countFaults(place: string, { clauses, counts }: VerifyRun): string[] {
  return Object.entries(countVerdicts(clauses))
    .filter(([kind, count]) => counts[kind as keyof typeof counts] !== count)
    .map(([kind, count]) => `${place}/counts/${kind} is not ${count}, as its clauses say`);
}

/** Where `file` contradicts itself, each with its place in the file. */
export function contradictions({ runs }: ResultsFile): string[] {
  return runs.flatMap((run, i) => {
    if (run.kind === "fuzz" || run.kind === "planned") return [];
    const place = `/runs/${i}`;
    const { selected, shard } = run;
    return [
      ...(shard === undefined ? [] : shardFaults(place, new Set(selected), shard)),
      ...(run.kind === "verify" ? [...clauseFaults(place, run), ...countFaults(place, run)] : []),
    ];
  });
}
