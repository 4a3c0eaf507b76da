/**
 * Says what this host offers to Trapline, and what is missing with its remedy.
 *
 * @module
 */
import { diagnose, type DiagnoseOptions } from "./doctor/diagnose.ts";
import { renderReport } from "./doctor/render.ts";
import { parseOptions } from "./options.ts";
import { paintFor } from "./terminal.ts";

const USAGE = `Usage: deno task doctor [--json] [--help]

Says what this host offers to Trapline, what is missing, and what mends it:
the KVM device, the kernel, the CPU, the parameters and capabilities of KVM,
and whether real guests run.

  --json      print one JSON object and nothing else (see scripts/doctor/report.ts)
  -h, --help  print this text

Exit status: 0 when guests run under an MSR filter, 1 when they do not,
2 when the command line is not understood.`;

/** Prints what was found, as text or as JSON, and returns the exit status. */
export function runDoctor(json: boolean, options: DiagnoseOptions = {}): number {
  const report = diagnose(options);
  console.log(json ? JSON.stringify(report, undefined, 2) : renderReport(report, paintFor()));
  return report.ok ? 0 : 1;
}

if (import.meta.main) {
  const { values } = parseOptions({ usage: USAGE, options: { json: { type: "boolean" } } });
  Deno.exitCode = runDoctor(values.json ?? false);
}
