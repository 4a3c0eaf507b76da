/**
 * A report in words.
 *
 * @module
 */
import { COLUMNS, type Paint, wrap } from "../terminal.ts";
import type { CapabilityFact, DeviceFact, Finding, GuestFact, Report } from "./report.ts";

function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}

/** `text` under a label of `indent` columns. */
function labelled(label: string, text: string, indent: number): string[] {
  const [first = "", ...rest] = wrap(text, COLUMNS - indent);
  return [label.padEnd(indent) + first, ...rest.map((line) => " ".repeat(indent) + line)];
}

function hostLines({ platform, kernelRelease, cpu, modules }: Report): string[] {
  return [
    ["Platform", `${platform.os} ${platform.arch}`],
    ["Kernel", kernelRelease === "" ? "unknown" : kernelRelease],
    ["CPU", cpu.model === "" ? "unknown" : `${cpu.model} (${cpu.vendor})`],
    [
      "CPU flags",
      `svm ${yesOrNo(cpu.svm)}, vmx ${yesOrNo(cpu.vmx)}, hypervisor ${yesOrNo(cpu.hypervisor)}`,
    ],
    ["Modules", modules.length === 0 ? "none" : modules.map(({ name }) => name).join(", ")],
  ].flatMap(([label, text]) => labelled(`  ${label}`, text!, 13));
}

function fileText({ exists, file }: DeviceFact): string {
  if (!exists) return "missing";
  if (file === null) return "there; Deno shows its owner and mode only with --allow-all";
  return `${file.type}, mode ${file.mode}, owner ${file.owner}, group ${file.group}`;
}

function accessText({ exists, readWrite }: DeviceFact): string {
  if (!exists) return "nothing to open";
  return readWrite ? "this user may read and write it" : "this user may not read and write it";
}

function deviceLines({ device, apiVersion }: Report): string[] {
  return [
    ["File", fileText(device)],
    ["Access", accessText(device)],
    ["Kernel", device.registered ? "has KVM" : "does not show a KVM device"],
    ["API", apiVersion === null ? "unknown" : `version ${apiVersion}`],
  ].flatMap(([label, text]) => labelled(`  ${label}`, text!, 13));
}

function capabilityLine(capability: CapabilityFact, paint: Paint): string {
  const { name, number, value, needed, purpose } = capability;
  const mark = value > 0 ? paint.green("yes") : needed ? paint.red("NO ") : paint.yellow("no ");
  const shown = value > 1 ? ` (${value})` : "";
  return `  ${mark}  ${String(number).padStart(3)} ${(name + shown).padEnd(20)}  ${purpose}`;
}

function guestLines({ name, ok, detail }: GuestFact, paint: Paint): string[] {
  const mark = ok ? paint.green("yes") : paint.red("NO ");
  // What a failed guest shows of itself is laid out already.
  const lines = ok ? wrap(detail, COLUMNS - 7) : detail.split("\n");
  return [`  ${mark}  ${name}`, ...lines.map((line) => `       ${line}`.trimEnd())];
}

function findingLines({ severity, what, remedy }: Finding, paint: Paint): string[] {
  const mark = severity === "stops" ? paint.red("stops ") : paint.yellow("limits");
  const [first = "", ...rest] = wrap(what, COLUMNS - 10);
  return [
    `  ${mark}  ${first}`,
    ...rest.map((line) => `          ${line}`),
    ...labelled("          Remedy: ", remedy, 18),
  ];
}

function section(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : [paint.bold(title), ...lines, ""];
}

function verdict({ ok, device }: Report, paint: Paint): string {
  if (ok) return paint.green(paint.bold("Guests run under an MSR filter on this host"));
  const why = device.usable ? "" : `: ${device.path} cannot be used`;
  return paint.red(paint.bold(`Guests do not run under an MSR filter on this host${why}`));
}

/** `report` as lines for a person to read. */
export function renderReport(report: Report, paint: Paint): string {
  const { device, parameters, capabilities, guests, findings } = report;
  return [
    ...section("Host", hostLines(report), paint),
    ...section(`Device ${device.path}`, deviceLines(report), paint),
    ...section(
      "Parameters",
      parameters.map(({ name, value, purpose }) =>
        `  ${name.padEnd(27)} ${(value ?? "not shown").padEnd(9)}  ${purpose}`
      ),
      paint,
    ),
    ...section("Capabilities", capabilities.map((each) => capabilityLine(each, paint)), paint),
    ...section("Guests", guests.flatMap((each) => guestLines(each, paint)), paint),
    ...section("Missing", findings.flatMap((each) => findingLines(each, paint)), paint),
    verdict(report, paint),
  ].join("\n");
}
