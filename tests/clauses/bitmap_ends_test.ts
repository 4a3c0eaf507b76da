/**
 * MSRs that the hardware's bitmaps know nothing of: KVM always sees their
 * accesses, and filters them like the others.
 *
 * @module
 */
import { Msr, MsrFilter, type MsrRange } from "@trapline/trapline";
import { assertVerdicts, type Verdict, verdicts } from "../support/assert_verdicts.ts";
import { bootWalker } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";

/** Both sides of each end of the bitmaps of VMX and SVM, and what lies far from them. */
const PROBES: readonly number[] = [
  0x1fff,
  0x2000,
  0x2001,
  0x3fff_ffff,
  0x4b56_4cff,
  Msr.KVM_SYSTEM_TIME_NEW,
  0x474f_4f00,
  0x8000_0000,
  0xbfff_ffff,
  0xc000_1fff,
  0xc000_2000,
  0xc000_ffff,
  0xc001_1fff,
  0xc001_2000,
  0xc002_0000,
  0xffff_fffe,
];

const KINDS = ["read", "write", "read-write"] as const;

clause(
  "X-81",
  "a filter governs MSRs outside the hardware's bitmaps too",
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    const session = bootWalker(vm);
    assertVerdicts(session, "no filter", verdicts("neither", PROBES));
    KINDS.forEach((_, first) => {
      const denials = PROBES.map((base, i) => ({ base, kind: KINDS[(first + i) % 3]! }));
      const ranges = denials.map(({ base, kind }): MsrRange => ({ base, count: 1, deny: kind }));
      const denied = denials.map(({ base, kind }): Verdict => ({ index: base, denied: kind }));
      vm.setMsrFilter({ default: "allow", ranges });
      assertVerdicts(session, `one denied in each range, ${KINDS[first]} first`, denied);
      // The other way round: what one filter denies, the next one allows.
      const opposite = { "read": "write", "write": "read", "read-write": "neither" } as const;
      const allowed = denials.map(({ base, kind }): MsrRange => ({ base, count: 1, allow: kind }));
      vm.setMsrFilter({ default: "deny", ranges: allowed });
      assertVerdicts(
        session,
        `one allowed in each range, ${KINDS[first]} first`,
        denials.map(({ base, kind }): Verdict => ({ index: base, denied: opposite[kind] })),
      );
    });
    vm.setMsrFilter(MsrFilter.DENY_ALL);
    assertVerdicts(session, "denied by default", verdicts("read-write", PROBES));
    const across = { base: 0x1ffe, count: 4, deny: "read" } as const;
    vm.setMsrFilter({ default: "allow", ranges: [across, { ...across, base: 0xc000_1ffe }] });
    assertVerdicts(session, "ranges across the ends", [
      ...verdicts("read", [0x1ffe, 0x1fff, 0x2000, 0x2001, 0xc000_1ffe, 0xc000_2001]),
      ...verdicts("neither", [0x1ffd, 0x2002, 0xc000_1ffd, 0xc000_2002]),
    ]);
    vm.setMsrFilter(MsrFilter.ALLOW_ALL);
    assertVerdicts(session, "the filter removed", verdicts("neither", PROBES));
  },
);
