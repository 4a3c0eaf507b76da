/**
 * Ranges at the end of the index space, where base and count add up to 2^32.
 *
 * @module
 */
import { Msr } from "@trapline/trapline";
import { assertVerdicts, verdicts } from "../support/assert_verdicts.ts";
import { bootWalker } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import {
  allowing,
  assertAccepted,
  denying,
  type RawRange,
  setRawFilter,
} from "../support/raw_filter.ts";

const LAST = 0xffff_ffff;

/** Ranges that reach 2^32 or go past it, by base and count. */
const WRAPPING: readonly [base: number, nmsrs: number][] = [
  [0xffff_fff0, 0x10],
  [0xffff_fff0, 0x100],
  [0xffff_f000, 0x3000],
  [0xffff_d000, 0x3000],
  [0xffff_d001, 0x3000],
  [0xffff_fffe, 2],
  [LAST, 1],
  [LAST, 0x3000],
];

/** MSRs that they would hold if 2^32 were no border, before it and after it. */
const INSIDE = [
  0xffff_d000,
  0xffff_d001,
  0xffff_f000,
  0xffff_ffef,
  0xffff_fff0,
  0xffff_fff1,
  0xffff_fffe,
  LAST,
  0x0,
  0x2,
  0xff,
  Msr.IA32_SYSENTER_CS,
  Msr.IA32_PAT,
  0x1ffe,
];

const DEFAULT_ALLOW = 0;
const DEFAULT_DENY = 1;

clause("X-05", "a range that reaches 2^32 matches no MSR at all", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  const assertFilter = (flags: number, ranges: RawRange[], what: string): void =>
    assertAccepted(setRawFilter(vm, { flags, ranges }), what);

  const denied = WRAPPING.map((range) => denying(...range));
  assertFilter(DEFAULT_ALLOW, denied, "deny up to 2^32");
  assertVerdicts(session, "ranges past 2^32 deny, default allow", verdicts("neither", INSIDE));

  const allowed = WRAPPING.map((range) => allowing(...range));
  assertFilter(DEFAULT_DENY, allowed, "allow up to 2^32");
  assertVerdicts(session, "ranges past 2^32 allow, default deny", verdicts("read-write", INSIDE));

  assertFilter(DEFAULT_ALLOW, [...denied, denying(0xffff_ff00, 0xff)], "a range behind them");
  assertVerdicts(session, "a range that stops before the last index denies, behind the others", [
    ...verdicts("read-write", [0xffff_ff00, 0xffff_fff0, 0xffff_fffe]),
    ...verdicts("neither", [0xffff_feff, LAST, 0x0, Msr.IA32_SYSENTER_CS]),
  ]);

  assertFilter(DEFAULT_DENY, [...denied, allowing(0xffff_fff0, 0xf)], "a range behind them");
  assertVerdicts(session, "a range that stops before the last index allows, behind the others", [
    ...verdicts("neither", [0xffff_fff0, 0xffff_fff1, 0xffff_fffe]),
    ...verdicts("read-write", [0xffff_ffef, LAST, 0x0, Msr.IA32_SYSENTER_CS]),
  ]);
});

clause("X-06", "only the default governs the last index, 0xffffffff", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  const holdingLast: [number, number][] = [
    ...WRAPPING,
    ...[3, 4, 7, 8, 0x3f, 0x40, 0x41, 0x2fff].map((n): [number, number] => [LAST - n + 1, n]),
  ];
  for (const unmatched of [DEFAULT_ALLOW, DEFAULT_DENY]) {
    const range = unmatched === DEFAULT_ALLOW ? denying : allowing;
    const byDefault = unmatched === DEFAULT_ALLOW ? "neither" : "read-write";
    const byRange = unmatched === DEFAULT_ALLOW ? "read-write" : "neither";
    for (const count of [1, 16]) {
      const ranges = holdingLast.slice(-count).map((span) => range(...span));
      const what = `${count} ranges over the last index, filter flags ${unmatched}`;
      assertAccepted(setRawFilter(vm, { flags: unmatched, ranges }), what);
      assertVerdicts(session, what, verdicts(byDefault, [LAST]));
    }
    const what = `a range up to the last but one, filter flags ${unmatched}`;
    const filter = { flags: unmatched, ranges: [range(LAST - 1), range(LAST - 8, 8), range(LAST)] };
    assertAccepted(setRawFilter(vm, filter), what);
    assertVerdicts(session, what, [
      ...verdicts(byRange, [LAST - 1, LAST - 2, LAST - 8]),
      ...verdicts(byDefault, [LAST, LAST - 9]),
    ]);
  }
});
