/**
 * Which bit of a range's bitmap belongs to which MSR.
 *
 * @module
 */
import {
  KVM_MSR_FILTER_READ,
  KVM_MSR_FILTER_WRITE,
  Msr,
  msrBitmapSize,
  type Session,
  type Vm,
} from "@trapline/trapline";
import { assertVerdicts, type Verdict, verdicts } from "../support/assert_verdicts.ts";
import { assertWalk, bootWalker, exits, passes, read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { assertAccepted, BOTH, type RawRange, setRawFilter } from "../support/raw_filter.ts";

/** More than one word of 64 bits, and not a whole number of bytes. */
const WALK_LENGTH = 75;

/** Sixteen places for ranges: in both ranges of the hardware's bitmaps and outside, none at a multiple of 8. */
const BASES = Array.from(
  { length: 16 },
  (_, i) => [0x1003, 0xc000_1005, 0x474f_4f07, 0x2001][i % 4]! + 0x100 * (i >> 2),
);

/** One bit different from all others: bit `offset & 7` of byte `offset >> 3`, written out. */
function oneBit(offset: number, others: 0 | 1): Uint8Array {
  const bitmap = new Uint8Array(msrBitmapSize(WALK_LENGTH)).fill(others === 0 ? 0 : 0xff);
  bitmap[Math.floor(offset / 8)]! ^= [1, 2, 4, 8, 16, 32, 64, 128][offset % 8]!;
  return bitmap;
}

/**
 * Where a wrong order of bits would find the bit at `offset`: every place when
 * the others are allowed; and where they are denied, which costs two exits
 * each, those that one bit of the number or all of its low bits lead to.
 */
function placesToLook(offset: number, others: 0 | 1): number[] {
  return Array.from({ length: WALK_LENGTH }, (_, i) => i).filter((i) => {
    const difference = i ^ offset;
    return others === 1 || (difference & (difference - 1)) === 0 ||
      (difference & (difference + 1)) === 0;
  });
}

/** Walks one bit through the bitmaps of `vm`'s ranges, 16 places at a time. */
function walkBit(vm: Vm, session: Session, kind: "read" | "write", others: 0 | 1): void {
  const flags = kind === "read" ? KVM_MSR_FILTER_READ : KVM_MSR_FILTER_WRITE;
  const access = kind === "read" ? read : write;
  for (let start = 0; start < WALK_LENGTH; start += BASES.length) {
    const bits = BASES.map((base, i) => ({ base, offset: (start + i) % WALK_LENGTH }));
    const ranges = bits.map(({ base, offset }) => ({
      flags,
      nmsrs: WALK_LENGTH,
      base,
      bitmap: oneBit(offset, others),
    }));
    const what = `bits ${start} to ${start + 15} ${others === 0 ? "set" : "clear"} for ${kind}s`;
    assertAccepted(setRawFilter(vm, { flags: 0, ranges }), what);
    const expectations = bits.flatMap(({ base, offset }) =>
      placesToLook(offset, others).map((i) => {
        const allowed = (i === offset) === (others === 0);
        return allowed ? passes(access(base + i)) : exits(access(base + i));
      })
    );
    assertWalk(session, what, expectations);
  }
}

clause("X-07", "MSR base + i belongs to bit i & 7 of byte i >> 3 of the bitmap", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  for (const kind of ["read", "write"] as const) {
    for (const others of [0, 1] as const) walkBit(vm, session, kind, others);
  }

  const spans = [
    { base: 0x16f, nmsrs: 0x120, indices: [Msr.IA32_SYSENTER_CS, Msr.IA32_PAT] },
    { base: 0xc000_007d, nmsrs: 0x90, indices: [Msr.SYSCALL_MASK, Msr.KERNEL_GS_BASE] },
  ];
  const known = spans.flatMap(({ indices }) => indices);
  for (const allowed of known) {
    const ranges = spans.map(({ base, nmsrs }): RawRange => {
      const bitmap = new Uint8Array(msrBitmapSize(nmsrs));
      const offset = allowed - base;
      if (offset >= 0 && offset < nmsrs) bitmap[offset >> 3] = 2 ** (offset % 8);
      return { flags: BOTH, nmsrs, base, bitmap };
    });
    const what = `one known MSR's bit is set, 0x${allowed.toString(16)}`;
    assertAccepted(setRawFilter(vm, { flags: 0, ranges }), what);
    assertVerdicts(
      session,
      what,
      known.map((index): Verdict => ({
        index,
        denied: index === allowed ? "neither" : "read-write",
      })),
    );
  }
});

clause("X-08", "bits at or beyond nmsrs are ignored", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  const sizes = [1, 7, 8, 9, 63, 64, 65, 127];
  const spans = [0, 1].flatMap((inside, half) =>
    sizes.map((nmsrs, i) => ({ nmsrs, inside, base: BASES[8 * half + i]! }))
  );
  const ranges = spans.map(({ nmsrs, inside, base }): RawRange => {
    const bitmap = new Uint8Array(msrBitmapSize(nmsrs)).fill(inside === 1 ? 0 : 0xff);
    for (let i = 0; i < nmsrs; i++) bitmap[i >> 3]! ^= 1 << (i & 7);
    return { flags: BOTH, nmsrs, base, bitmap };
  });
  for (const unmatched of [0, 1]) {
    assertAccepted(setRawFilter(vm, { flags: unmatched, ranges }), `filter flags ${unmatched}`);
    for (const { nmsrs, inside, base } of spans) {
      const beyond = [nmsrs, nmsrs + 1, msrBitmapSize(nmsrs) * 8 - 1, msrBitmapSize(nmsrs) * 8]
        .filter((i, at, all) => i >= nmsrs && all.indexOf(i) === at);
      const what = `${nmsrs} bits of ${inside}, the others inverted, filter flags ${unmatched}`;
      assertVerdicts(session, what, [
        ...verdicts(
          inside === 1 ? "neither" : "read-write",
          [...new Set([0, nmsrs - 1])].map((i) => base + i),
        ),
        ...verdicts(unmatched === 0 ? "neither" : "read-write", beyond.map((i) => base + i)),
      ]);
    }
  }
});
