/**
 * Which flags a filter and its ranges may have; no refused one takes effect.
 *
 * @module
 */
import {
  HostMemory,
  KVM_MSR_FILTER_READ,
  KVM_MSR_FILTER_WRITE,
  Msr,
  msrBitmapSize,
} from "@trapline/trapline";
import { assertVerdicts, type Verdict, verdicts } from "../support/assert_verdicts.ts";
import { clause } from "../support/clause.ts";
import { isKernelFrom, kernelOutside } from "../support/kernel_version.ts";
import {
  assertAccepted,
  assertRefused,
  BOTH,
  denying,
  setRawFilter,
  slots,
} from "../support/raw_filter.ts";
import {
  assertOpposite,
  assertStanding,
  bootStanding,
  oppositeRanges,
  SPARE_SLOTS,
} from "../support/standing_filter.ts";

/** Each bit of a flags word of 32 bits, from `first` on. */
function bitsFrom(first: number): number[] {
  return Array.from({ length: 32 - first }, (_, i) => (1 << (first + i)) >>> 0);
}

function hex(flags: number): string {
  return `0x${flags.toString(16)}`;
}

clause("X-13", "no bit of a filter's flags but DEFAULT_DENY is accepted", ({ kvm }) => {
  using guest = bootStanding(kvm.createVm());
  const { vm, session } = guest;
  const refuse = (flags: number): void => {
    const result = setRawFilter(vm, { flags, ranges: oppositeRanges() });
    assertRefused(result, "EINVAL", `filter flags ${hex(flags)}`);
    assertStanding(session, `after filter flags ${hex(flags)} were refused`);
  };
  for (const bit of bitsFrom(1)) {
    refuse(bit);
    refuse((bit | 1) >>> 0);
  }
  refuse(0xffff_fffe);
  refuse(0xffff_ffff);
  for (const flags of [0, 1]) {
    const what = `filter flags ${flags}`;
    assertAccepted(setRawFilter(vm, { flags, ranges: oppositeRanges() }), what);
    assertOpposite(session, what);
    assertVerdicts(
      session,
      `${what} decide by default`,
      verdicts(
        flags === 0 ? "neither" : "read-write",
        [0x3003, 0xc000_1fff, 0x4000_0fff, 0xffff_ffff],
      ),
    );
  }
});

clause("X-14", "no bit of a range's flags but READ and WRITE is accepted", ({ kvm }) => {
  using guest = bootStanding(kvm.createVm());
  const { vm, session } = guest;
  for (const bit of [...bitsFrom(2), 0xffff_fffc]) {
    for (const slot of SPARE_SLOTS) {
      for (const valid of [0, KVM_MSR_FILTER_READ, KVM_MSR_FILTER_WRITE, BOTH]) {
        const flags = (bit | valid) >>> 0;
        const ranges = oppositeRanges({ [slot]: denying(0x3000, 1, flags) });
        const what = `range flags ${hex(flags)} in slot ${slot}`;
        assertRefused(setRawFilter(vm, { flags: 0, ranges }), "EINVAL", what);
      }
    }
    assertStanding(session, `after range flags with ${hex(bit)} were refused`);
  }
  const kinds = [[KVM_MSR_FILTER_READ, "read"], [KVM_MSR_FILTER_WRITE, "write"], [
    BOTH,
    "read-write",
  ]];
  for (const [flags, denied] of kinds as [number, Verdict["denied"]][]) {
    const what = `range flags ${flags}`;
    const indices = [Msr.SYSCALL_MASK, Msr.IA32_PAT, 0x2000];
    const ranges = indices.map((index) => denying(index, 1, flags));
    assertAccepted(setRawFilter(vm, { flags: 0, ranges }), what);
    assertVerdicts(session, what, verdicts(denied, indices));
  }
});

clause("X-15", "a range with MSRs but neither READ nor WRITE is refused", ({ kvm }) => {
  using guest = bootStanding(kvm.createVm());
  const { vm, session } = guest;
  for (let slot = 0; slot < 16; slot++) {
    for (const nmsrs of [1, 64, 0x3000]) {
      for (const flags of [0, 1]) {
        const bad = denying(0x3000, nmsrs, 0);
        const what = `${nmsrs} MSRs and range flags 0 in slot ${slot}, filter flags ${flags}`;
        const alone = setRawFilter(vm, { flags, ranges: slots({ [slot]: bad }) });
        assertRefused(alone, "EINVAL", `${what}, alone`);
        const among = setRawFilter(vm, { flags, ranges: oppositeRanges({ [slot]: bad }) });
        assertRefused(among, "EINVAL", `${what}, among valid ranges`);
      }
    }
    assertStanding(session, `after range flags 0 in slot ${slot} were refused`);
  }
});

clause(
  "X-20",
  "a range with invalid flags and an unreadable bitmap is refused for its flags, and on 5.10 for its bitmap",
  {
    requires: [
      kernelOutside(
        [5, 11],
        [6, 1],
        "which of the two errors comes first changed from 5.11 to 6.0",
      ),
    ],
  },
  ({ kvm, facts }) => {
    const errno = isKernelFrom(facts, [6, 1]) ? "EINVAL" : "EFAULT";
    using guest = bootStanding(kvm.createVm());
    using memory = HostMemory.allocate(1);
    const unreadable = [0n, memory.end, memory.end - 4n, 1n << 63n, 0xffff_8000_0000_0000n];
    for (const flags of [0, ...bitsFrom(2), 0x8000_0003, 0xffff_ffff]) {
      for (const bitmap of unreadable) {
        for (const slot of SPARE_SLOTS) {
          const bad = { flags, nmsrs: 1, base: 0x3000, bitmap };
          const result = setRawFilter(guest.vm, {
            flags: 0,
            ranges: oppositeRanges({ [slot]: bad }),
          });
          const what = `range flags ${hex(flags)}, bitmap at ${bitmap.toString(16)}, slot ${slot}`;
          assertRefused(result, errno, what);
        }
      }
    }
    assertStanding(guest.session, "after the refusals");
    for (const slot of SPARE_SLOTS) {
      const bitmap = new Uint8Array(msrBitmapSize(1));
      const readable = { flags: 0x8000_0000, nmsrs: 1, base: 0x3000, bitmap };
      const result = setRawFilter(guest.vm, {
        flags: 0,
        ranges: oppositeRanges({ [slot]: readable }),
      });
      assertRefused(result, "EINVAL", `invalid flags with a readable bitmap, slot ${slot}`);
    }
  },
);
