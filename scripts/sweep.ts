/**
 * `deno task sweep`: a map of what every MSR does on this KVM, and the
 * difference between two maps.
 *
 * @module
 */
import { Kvm, type KvmModule, KvmUnavailableError, readHost } from "@trapline/trapline";
import { parseOptions } from "./options.ts";
import { mapFromJson, mapToJson, runsOf, type SweepMap } from "./sweep/map.ts";
import { compareMaps } from "./sweep/compare.ts";
import { comparisonText } from "./sweep/comparison_text.ts";
import { comparisonPage } from "./sweep/comparison_page.tsx";
import { mapPage } from "./sweep/map_page.tsx";
import { sweep } from "./sweep/measure.ts";
import { ProgressBar } from "./sweep/progress_bar.ts";
import { summaryText } from "./sweep/summary.ts";
import { indicesOf, type MsrWindow, parseRanges, WINDOWS } from "./sweep/windows.ts";
import { COLUMNS } from "./terminal.ts";
import { writeWhole } from "./write_file.ts";

const USAGE = `deno task sweep: map what every MSR does here, as JSON and as a page

Usage: deno task sweep [--ranges R] [--all-bits] [--dangerous] [--json FILE] [--html FILE]
                       [--config host|amd|intel[:KERNEL]]
       deno task sweep diff A.json B.json [--html FILE]

  --ranges R    the MSRs, such as 0x10,0x200-0x2ff; by default all windows of the architectures
  --all-bits    write each of the 64 bits to MSRs that KVM does not know too
  --dangerous   make the writes too that could do more than set an MSR; use a sandbox
  --json FILE   write the map
  --html FILE   write the map, or the difference, as a page that needs nothing else
  --config C    where: this host, or a sandbox with a kernel, such as intel:6.12
  --help        show this

Of each MSR: what a read gives, and the writes of the value read, of zero and of each single
bit; whether a filter can deny it; whether it is passed through, by the count of exits. Values
are restored. An MSR of which KVM knows neither the read nor the write of zero gets only the
bits 0, 31, 32 and 63, without --all-bits. Dangerous writes are left out and listed.

Exit status: 0, or 1 when there is no KVM, or when diff finds a difference; 2 for a bad command
line.`;

function refuse(complaint: string): never {
  console.error(`${complaint}\n\n${USAGE}`);
  Deno.exit(2);
}

function windowsOf(ranges: string | undefined): readonly MsrWindow[] {
  if (ranges === undefined) return WINDOWS.map(({ first, last }) => ({ first, last }));
  try {
    return parseRanges(ranges);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) refuse(error.message);
    throw error;
  }
}

function readMap(path: string): SweepMap {
  try {
    return mapFromJson(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Deno.errors.NotFound) {
      refuse(`Cannot read "${path}": ${error.message}`);
    }
    throw error;
  }
}

function ignoresMsrs(modules: readonly KvmModule[]): string[] {
  const kvm = modules.find(({ name }) => name === "kvm");
  if (kvm?.parameters.ignore_msrs !== "Y") return [];
  return ["kvm.ignore_msrs is on: an MSR that KVM does not know reads as 0 and takes every write"];
}

async function diff(paths: readonly string[], html: string | undefined): Promise<number> {
  const [before, after, ...more] = paths;
  if (before === undefined || after === undefined || more.length > 0) {
    refuse("Cannot compare: diff takes two maps");
  }
  const comparison = compareMaps(readMap(before), readMap(after));
  console.log(comparisonText(comparison));
  if (html !== undefined) await writeWhole(html, comparisonPage(comparison));
  return comparison.changes.length === 0 ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals: [task, ...paths] } = parseOptions({
    usage: USAGE,
    options: {
      ranges: { type: "string" },
      "all-bits": { type: "boolean" },
      dangerous: { type: "boolean" },
      json: { type: "string" },
      html: { type: "string" },
    },
    args,
    allowPositionals: true,
  });
  if (task === "diff") return await diff(paths, values.html);
  if (task !== undefined) refuse(`Cannot do "${task}": only "diff" can be asked for`);
  const windows = windowsOf(values.ranges);
  const { kernelRelease, cpuVendor, cpuModel, modules } = readHost();
  const indices = indicesOf(windows);
  console.log(
    `KVM on Linux ${kernelRelease}, ${cpuVendor}; ${indices.length.toLocaleString("en")} MSRs`,
  );
  using kvm = Kvm.open();
  const bar = new ProgressBar();
  const made = new Date().toISOString();
  const start = performance.now();
  const { records, notes } = sweep(kvm, indices, {
    dangerous: values.dangerous ?? false,
    allBits: values["all-bits"] ?? false,
    report: (step, done, total) => bar.show(step, done, total),
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
    windows,
    runs: runsOf(records),
  };
  console.log(summaryText(map, COLUMNS));
  console.log(`${indices.length.toLocaleString("en")} MSRs swept in ${map.seconds} s`);
  if (values.json !== undefined) await writeWhole(values.json, mapToJson(map));
  if (values.html !== undefined) await writeWhole(values.html, mapPage(map));
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exitCode = await main(Deno.args);
  } catch (error) {
    if (!(error instanceof KvmUnavailableError)) throw error;
    console.error(error.message);
    Deno.exitCode = 1;
  }
}
