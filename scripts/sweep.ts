/**
 * `deno task sweep`: a map of what every MSR does on this KVM, and the
 * difference between two maps.
 *
 * @module
 */
import { Kvm, type KvmModule, readHost } from "@trapline/trapline";
import { msrIndices, sweepMsrs } from "@trapline/trapline/sweep";
import { runsOf } from "../guests/sweep/record.ts";
import { shardText } from "./fleet/shard.ts";
import { MisuseError } from "./misuse.ts";
import { runTask } from "./run_task.ts";
import { mapFromJson, mapToJson, type SweepMap } from "./sweep/map.ts";
import { compareMaps } from "./sweep/compare_maps.ts";
import { comparisonText } from "./sweep/comparison_text.ts";
import { comparisonPage } from "./sweep/comparison_page.tsx";
import { mapPage } from "./sweep/map_page.tsx";
import { ContradictionError, mergeMaps } from "./sweep/merge.ts";
import { ProgressBar } from "./progress_bar.ts";
import { readRequest, type Request, USAGE } from "./sweep/request.ts";
import { summaryText } from "./sweep/summary.ts";
import { COLUMNS } from "./terminal.ts";
import { writeEach, writeWhole } from "./write_file.ts";

function readMap(path: string): SweepMap {
  try {
    return mapFromJson(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Deno.errors.NotFound) {
      throw new MisuseError(`Cannot read "${path}": ${error.message}`);
    }
    throw error;
  }
}

function ignoresMsrs(modules: readonly KvmModule[]): string[] {
  const kvm = modules.find(({ name }) => name === "kvm");
  if (kvm?.parameters.ignore_msrs !== "Y") return [];
  return ["kvm.ignore_msrs is on: an MSR that KVM does not know reads as 0 and takes every write"];
}

type Asked<K extends Request["kind"]> = Extract<Request, { readonly kind: K }>;

async function diff({ before, after, html }: Asked<"diff">): Promise<number> {
  const comparison = compareMaps(readMap(before), readMap(after));
  console.log(comparisonText(comparison));
  if (html !== undefined) await writeWhole(html, comparisonPage(comparison));
  return comparison.changes.length === 0 ? 0 : 1;
}

/** Whether all that is asked for could be written. */
async function writeMap(
  map: SweepMap,
  { json, html }: { readonly json: string | undefined; readonly html: string | undefined },
): Promise<boolean> {
  return await writeEach([
    ...(json === undefined ? [] : [() => writeWhole(json, mapToJson(map))]),
    ...(html === undefined ? [] : [() => writeWhole(html, mapPage(map))]),
  ]);
}

async function merge(request: Asked<"merge">): Promise<number> {
  const [first, ...others] = request.paths.map((name) => ({ name, map: readMap(name) }));
  try {
    const { map, missing, missingShards } = mergeMaps(first!, ...others);
    console.log(summaryText(map, COLUMNS));
    const isWritten = await writeMap(map, request);
    if (missing.length === 0) return isWritten ? 0 : 1;
    const count = msrIndices(missing).length.toLocaleString("en");
    console.error(`Missing: ${count} MSRs, of the shards ${missingShards.join(", ")}`);
    return 1;
  } catch (error) {
    if (!(error instanceof ContradictionError)) throw error;
    console.error(error.message);
    return 1;
  }
}

async function measure(request: Asked<"map">): Promise<number> {
  const { windows, whole, shard, dangerous, allBits } = request;
  const { kernelRelease, cpuVendor, cpuModel, modules } = readHost();
  const indices = msrIndices(windows);
  const part = shard.total > 1 ? `, shard ${shardText(shard)}` : "";
  console.log(
    `KVM on Linux ${kernelRelease}, ${cpuVendor}; ` +
      `${indices.length.toLocaleString("en")} MSRs${part}`,
  );
  using kvm = Kvm.open();
  const bar = new ProgressBar();
  const made = new Date().toISOString();
  const start = performance.now();
  const { records, notes } = sweepMsrs(kvm, indices, {
    dangerous,
    allBits,
    report: (step, part) => bar.show(step, part),
  });
  bar.clear();
  const map: SweepMap = {
    host: {
      kernel: kernelRelease,
      cpu: `${cpuVendor} ${cpuModel}`.trim(),
      modules: modules.map(({ name }) => name),
    },
    made,
    seconds: Math.round((performance.now() - start) / 100) / 10,
    notes: [...notes, ...ignoresMsrs(modules)],
    ...(shard.total > 1 && { part: { shard: shardText(shard), of: whole } }),
    windows,
    runs: runsOf(records),
  };
  console.log(summaryText(map, COLUMNS));
  console.log(`${indices.length.toLocaleString("en")} MSRs swept in ${map.seconds} s`);
  return await writeMap(map, request) ? 0 : 1;
}

function main(args: readonly string[]): Promise<number> {
  const request = readRequest(args);
  switch (request.kind) {
    case "map":
      return measure(request);
    case "diff":
      return diff(request);
    case "merge":
      return merge(request);
  }
}

if (import.meta.main) await runTask(USAGE, () => main(Deno.args));
