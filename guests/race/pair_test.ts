import { assertEquals, assertThrows } from "@std/assert";
import { MsrFilter } from "../../kvm/msr_filter.ts";
import { allowedOutcomes, probesOf, type RaceProbe, tellingShare, violationText } from "./pair.ts";
import { checkVcpus } from "./race.ts";
import { checkSeconds } from "./result.ts";
import { STANDARD_PAIR, STANDARD_PROBES } from "./standard_pair.ts";

Deno.test("probesOf() gives the standard pair the verdicts that it was made for", () => {
  const probes = probesOf(STANDARD_PAIR);
  const verdicts = (of: readonly RaceProbe[]): unknown[] =>
    of.map(({ kind, index, a, b }) => [kind, index, a, b]);
  assertEquals(verdicts(probes), verdicts(STANDARD_PROBES));
  assertEquals(tellingShare(probes), 5 / 14);
});

Deno.test("probesOf() refuses no accesses and more than a guest's list holds", () => {
  const access = { kind: "read", index: 0x174 } as const;
  for (const count of [0, 1001]) {
    const accesses = Array<typeof access>(count).fill(access);
    assertThrows(() => probesOf({ ...STANDARD_PAIR, accesses }), RangeError, `${count} accesses`);
  }
});

Deno.test("tellingShare() is 0 when no access is denied by both", () => {
  const accesses = [{ kind: "read", index: 0x174 }, { kind: "read", index: 0x10 }] as const;
  const pair = { a: MsrFilter.ALLOW_ALL, b: MsrFilter.ALLOW_ALL, accesses };
  assertEquals(tellingShare(probesOf(pair)), 0);
});

Deno.test("allowedOutcomes() are those of the filter in force, or of both while it changes", () => {
  const probe = { kind: "read", index: 0x174, value: 7n, a: true, b: false } as const;
  assertEquals(allowedOutcomes(probe, "A"), ["pass"]);
  assertEquals(allowedOutcomes(probe, "B"), ["trap"]);
  assertEquals(allowedOutcomes(probe, "A to B"), ["pass", "trap"]);
  assertEquals(allowedOutcomes({ ...probe, a: false }, "B to A"), ["trap", "trap"]);
  assertEquals(
    violationText(probe, "pass", "B"),
    "read of IA32_SYSENTER_CS (0x174) passed with B in force (A allows, B denies it)",
  );
  assertEquals(
    violationText(probe, "wrong", "B to A"),
    "read of IA32_SYSENTER_CS (0x174) gave another value than 0x7 while B was replaced by A " +
      "(A allows, B denies it)",
  );
});

Deno.test("a race takes 1 to 8 vCPUs and seconds above 0", () => {
  assertEquals([checkVcpus(), checkVcpus(8), checkSeconds(), checkSeconds(0.5)], [4, 8, 1000, 500]);
  for (const vcpus of [0, 9, 1.5, NaN]) {
    assertThrows(() => checkVcpus(vcpus), RangeError, `${vcpus} vCPUs`);
  }
  for (const seconds of [0, -1, NaN, Infinity]) {
    assertThrows(() => checkSeconds(seconds), RangeError, `${seconds} s`);
  }
});
