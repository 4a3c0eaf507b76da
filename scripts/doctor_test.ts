import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { deviceObstacle, facts } from "../tests/support/facts.ts";
import { diagnose } from "./doctor/diagnose.ts";
import { renderReport } from "./doctor/render.ts";
import type { Report } from "./doctor/report.ts";
import { runScript } from "./run_script.ts";
import { paintFor } from "./terminal.ts";
import { kvmTest } from "../tests/support/kvm_testing.ts";

const PLAIN = paintFor({ isTerminal: false });

function stops({ findings }: Report): string[] {
  return findings.filter(({ severity }) => severity === "stops").map(({ what }) => what);
}

kvmTest("diagnose() finds guests that run, and every capability that they need", () => {
  const report = diagnose();
  assertEquals(report.guests.map(({ ok }) => ok), [true, true]);
  assertStringIncludes(report.guests[1]!.detail, "KVM_EXIT_X86_RDMSR (29)");
  assertEquals([report.ok, report.apiVersion, report.device.usable], [true, 12, true]);
  const needed = report.capabilities.filter((capability) => capability.needed);
  assert(needed.length > 0 && needed.every(({ value }) => value > 0));
  assertEquals(stops(report), []);
});

for (
  const [device, reason, exists] of [
    ["/nonexistent", "missing", false],
    ["/dev/null", "not-kvm", true],
  ] as const
) {
  Deno.test(`diagnose() says of ${device} that it is ${reason}, and what mends it`, () => {
    const report = diagnose({ device });
    assertEquals([report.ok, report.apiVersion], [false, null]);
    assertEquals([report.device.usable, report.device.reason], [false, reason]);
    assertEquals(report.device.exists, exists);
    assertEquals([report.capabilities, report.guests], [[], []]);
    assertEquals(stops(report).length, 1);
    assertStringIncludes(stops(report)[0]!, `"${device}"`);
    assert(report.findings.every(({ remedy }) => remedy !== ""));
    assert(report.kernelRelease !== "");
    const text = renderReport(report, PLAIN);
    assertMatch(text, /^ {2}stops {3}Cannot .*\n(?: {10}.*\n)*? {10}Remedy: \S/m);
    assertStringIncludes(text, `host: ${device} cannot be used`);
  });
}

Deno.test("diagnose() asks nothing of a platform without KVM for x86", () => {
  const report = diagnose({ platform: { os: "darwin", arch: "aarch64" } });
  assertEquals([report.ok, report.kernelRelease, report.guests], [false, "", []]);
  assertStringIncludes(stops(report)[0]!, "darwin on aarch64");
  assertStringIncludes(renderReport(report, PLAIN), "Kernel     unknown");
});

Deno.test("renderReport() keeps to 100 columns", () => {
  for (const device of ["/dev/kvm", "/nonexistent"]) {
    const lines = renderReport(diagnose({ device }), PLAIN).split("\n");
    assertEquals(lines.filter((line) => line.length > 100), []);
  }
});

Deno.test("doctor.ts prints without escape codes into a pipe, and its status is the verdict", async () => {
  const { code, stdout, stderr } = await runScript("doctor");
  assertEquals(stderr, "");
  assertEquals(stdout.includes("\x1b"), false);
  const runs = stdout.includes("Guests run under an MSR filter on this host");
  assertEquals(code, runs ? 0 : 1);
  if (deviceObstacle() !== undefined) assertEquals(code, 1);
});

Deno.test("doctor.ts --json prints one object of the documented keys", async () => {
  const { code, stdout, stderr } = await runScript("doctor", ["--json"]);
  assertEquals(stderr, "");
  const report: Report = JSON.parse(stdout);
  assertEquals(code, report.ok ? 0 : 1);
  assertEquals(Object.keys(report), [
    "ok",
    "platform",
    "kernelRelease",
    "cpu",
    "modules",
    "parameters",
    "device",
    "apiVersion",
    "capabilities",
    "guests",
    "findings",
  ]);
  assertEquals(Object.keys(report.device), [
    "path",
    "exists",
    "readWrite",
    "registered",
    "file",
    "usable",
    "reason",
  ]);
  assertEquals(report.device.usable, deviceObstacle() === undefined);
  assertEquals(report.kernelRelease, facts().host.kernelRelease);
});

Deno.test("doctor.ts ends with status 2 and the usage on stderr for an unknown option", async () => {
  const { code, stdout, stderr } = await runScript("doctor", ["--nope"]);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /--nope[^]*Usage: deno task doctor/);
});

Deno.test("doctor.ts --help prints the usage and ends with status 0", async () => {
  const { code, stdout, stderr } = await runScript("doctor", ["--help"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^Usage: deno task doctor \[--json\]/);
});
