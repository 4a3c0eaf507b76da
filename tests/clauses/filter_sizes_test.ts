/**
 * How many MSRs a range may have.
 *
 * @module
 */
import { Msr } from "@trapline/trapline";
import { assertVerdicts, verdicts } from "../support/assert_verdicts.ts";
import { clause } from "../support/clause.ts";
import {
  assertAccepted,
  assertRefused,
  BOTH,
  denying,
  type RawRange,
  setRawFilter,
} from "../support/raw_filter.ts";
import {
  assertOpposite,
  assertStanding,
  bootStanding,
  oppositeRanges,
  SPARE_SLOTS,
} from "../support/standing_filter.ts";

const MAX = 0x3000;

clause("X-16", "a range has at most 0x3000 MSRs", ({ kvm }) => {
  using guest = bootStanding(kvm.createVm());
  const { vm, session } = guest;
  for (const nmsrs of [MAX + 1, MAX + 2, MAX + 8, MAX + 0x3f, MAX + 0x40, MAX + 0x41, 2 * MAX]) {
    for (const slot of SPARE_SLOTS) {
      const ranges = oppositeRanges({ [slot]: denying(0x3000, nmsrs) });
      const what = `0x${nmsrs.toString(16)} MSRs in slot ${slot}`;
      assertRefused(setRawFilter(vm, { flags: 0, ranges }), "EINVAL", what);
    }
    assertStanding(session, `after 0x${nmsrs.toString(16)} MSRs were refused`);
  }
  for (const nmsrs of [MAX - 0x3f, MAX - 1, MAX]) {
    const all = Array.from({ length: 16 }, (_, i) => denying(0x5000_0000 + i * MAX, nmsrs));
    const what = `0x${nmsrs.toString(16)} MSRs in every slot`;
    assertAccepted(setRawFilter(vm, { flags: 0, ranges: all }), what);
    for (const i of [0, 7, 15]) {
      const base = 0x5000_0000 + i * MAX;
      assertVerdicts(session, `${what}, slot ${i}`, [
        ...verdicts("read-write", [base, base + nmsrs - 1]),
        // The next slot starts where the largest range ends.
        ...verdicts(nmsrs === MAX && i < 15 ? "read-write" : "neither", [base + nmsrs]),
      ]);
    }
  }
  const ranges = [denying(0, MAX), denying(0xbfff_f000, MAX)];
  assertAccepted(setRawFilter(vm, { flags: 0, ranges }), "ranges over the hardware's bitmaps");
  assertVerdicts(session, "ranges over the hardware's bitmaps", [
    ...verdicts("read-write", [0x1, Msr.IA32_SYSENTER_CS, Msr.IA32_PAT, 0x1fff, 0x2000, 0x2fff]),
    ...verdicts("neither", [0x3000, 0xbfff_efff, 0xc000_2000, Msr.KVM_SYSTEM_TIME_NEW]),
    ...verdicts("read-write", [0xbfff_f000, 0xbfff_ffff, Msr.SYSCALL_MASK, Msr.KERNEL_GS_BASE]),
    ...verdicts("read-write", [0xc000_1fff]),
  ]);
});

clause("X-17", "a count of MSRs whose bitmap size overflows is refused", ({ kvm }) => {
  using guest = bootStanding(kvm.createVm());
  const { vm, session } = guest;
  // Readable for as long as any size that a count could overflow to.
  const bitmap = new Uint8Array(0x800);
  const powers = Array.from({ length: 18 }, (_, i) => 2 ** (i + 14));
  const counts = [
    ...powers,
    ...powers.flatMap((power) => [power + 1, power + 0x40]),
    0xffff_ffff,
    0xffff_fffe,
    0xffff_ffc2,
    0xffff_ffc1,
    0xffff_ffc0,
    0xffff_ff80,
    0xffff_d000,
    0x8000_3000,
  ];
  for (const nmsrs of counts) {
    for (const slot of SPARE_SLOTS) {
      for (const base of [0, 0x3000]) {
        const bad: RawRange = { flags: BOTH, nmsrs, base, bitmap };
        const result = setRawFilter(vm, { flags: 0, ranges: oppositeRanges({ [slot]: bad }) });
        const what = `0x${nmsrs.toString(16)} MSRs from 0x${base.toString(16)} in slot ${slot}`;
        assertRefused(result, "EINVAL", what);
      }
    }
  }
  assertStanding(session, "after the refusals");
  assertAccepted(setRawFilter(vm, { flags: 0, ranges: oppositeRanges() }), "the same without them");
  assertOpposite(session, "the same without them");
});
