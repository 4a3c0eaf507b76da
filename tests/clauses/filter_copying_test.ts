/**
 * What the kernel reads of a filter in user space's memory, and when.
 *
 * @module
 */
import { encodeRawMsrFilter, HostMemory, IOCTL, Msr } from "@trapline/trapline";
import { assertVerdicts, verdicts } from "../support/assert_verdicts.ts";
import { bootWalker } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import {
  allowing,
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

/** Addresses that no program can read: NULL, the low pages, between the halves, the kernel's. */
const UNREADABLE = [0n, 8n, 1n << 63n, 0xffff_8000_0000_0000n, 0xffff_ffff_ffff_fff8n];

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

clause("X-18", "a bitmap that cannot be read is an EFAULT", ({ kvm }) => {
  using guest = bootStanding(kvm.createVm());
  using memory = HostMemory.allocate(1);
  const bitmaps: [address: bigint, nmsrs: number][] = [
    ...UNREADABLE.flatMap((address): [bigint, number][] => [[address, 1], [address, 0x3000]]),
    [memory.end, 1],
    [memory.end - 8n, 65],
    [memory.end - 8n, 0x3000],
    [memory.end - 0x5f8n, 0x3000],
  ];
  for (const [bitmap, nmsrs] of bitmaps) {
    for (const slot of SPARE_SLOTS) {
      const bad: RawRange = { flags: BOTH, nmsrs, base: 0x3000, bitmap };
      const result = setRawFilter(guest.vm, { flags: 0, ranges: oppositeRanges({ [slot]: bad }) });
      assertRefused(result, "EFAULT", `${nmsrs} MSRs, bitmap at ${hex(bitmap)}, slot ${slot}`);
    }
    assertStanding(guest.session, `after a bitmap at ${hex(bitmap)} was refused`);
  }
});

clause("X-19", "a bitmap is read in whole words of 8 bytes", ({ kvm }) => {
  using guest = bootStanding(kvm.createVm());
  using memory = HostMemory.allocate(1);
  const install = (before: number, nmsrs: number) =>
    setRawFilter(guest.vm, {
      flags: 0,
      ranges: [{ flags: BOTH, nmsrs, base: 0x2000, bitmap: memory.end - BigInt(before) }],
    });
  const words: [words: number, counts: number[]][] = [
    [1, [1, 8, 9, 63, 64]],
    [2, [65, 127, 128]],
    [3, [129, 192]],
    [0x600 / 8, [0x2fc1, 0x3000]],
  ];
  for (const [count, sizes] of words) {
    for (const nmsrs of sizes) {
      for (const missing of [1, 4, 7, 8]) {
        const what = `${nmsrs} MSRs, ${missing} of ${8 * count} bytes missing`;
        assertRefused(install(8 * count - missing, nmsrs), "EFAULT", what);
      }
      assertStanding(guest.session, `after a bitmap cut short for ${nmsrs} MSRs`);
    }
  }
  for (const [count, sizes] of words) {
    for (const nmsrs of sizes) {
      // The last MSR is the one that is denied: its bit is read from the right place.
      const bitmap = memory.bytes.subarray(memory.bytes.length - 8 * count).fill(0xff);
      bitmap[nmsrs - 1 >> 3]! ^= 1 << (nmsrs - 1 & 7);
      const what = `${nmsrs} MSRs, the bitmap's ${8 * count} bytes end where memory ends`;
      assertAccepted(install(8 * count, nmsrs), what);
      assertVerdicts(guest.session, what, [
        ...verdicts("read-write", [0x2000 + nmsrs - 1]),
        ...verdicts("neither", [0x1fff, 0x2000 + nmsrs]),
        ...verdicts("neither", nmsrs === 1 ? [] : [0x2000]),
      ]);
    }
  }
});

clause(
  "X-115",
  "a bitmap is read wherever it lies, at any address and across pages, for each range that names it",
  ({ kvm }) => {
    using guest = bootStanding(kvm.createVm());
    const page = 0x1000;
    using memory = HostMemory.allocate(3 * page);
    const [base, words] = [0x2000, [1, 3, 0x600 / 8]];
    for (const size of words.map((count) => 8 * count)) {
      const starts = [1, 2, 4, 7, page - 1, page - 4, page + 8 - size, page + 12 - size];
      for (const start of starts.filter((start) => start > 0)) {
        // What lies around it denies all. Of the bitmap, the first MSR is denied and the last one.
        memory.bytes.fill(0).fill(0xff, start, start + size);
        memory.bytes[start]! ^= 1;
        memory.bytes[start + size - 1]! ^= 0x80;
        const nmsrs = 8 * size;
        const bitmap = memory.address + BigInt(start);
        const ranges = [{ flags: BOTH, nmsrs, base, bitmap }];
        const what = `a bitmap of ${size} bytes that begins ${hex(start)} bytes into a page`;
        assertAccepted(setRawFilter(guest.vm, { flags: 0, ranges }), what);
        const allowed = [1, 7, 8, 31, 32, 62, nmsrs >> 1, nmsrs - 9, nmsrs - 2];
        const inside = allowed.filter((i) => i > 0 && i < nmsrs - 1);
        assertVerdicts(guest.session, what, [
          ...verdicts("read-write", [base, base + nmsrs - 1]),
          ...verdicts("neither", inside.map((i) => base + i)),
        ]);
      }
    }
    // The same address for three ranges: of the longest, one MSR is denied.
    memory.bytes.fill(0xff, 0, 16)[8]! ^= 2;
    const shared = [1, 128, 64].map((nmsrs, i): RawRange => ({
      flags: BOTH,
      nmsrs,
      base: base + i * 0x1000,
      bitmap: memory.address,
    }));
    const what = "one bitmap for three ranges";
    assertAccepted(setRawFilter(guest.vm, { flags: 1, ranges: shared }), what);
    assertVerdicts(guest.session, what, [
      ...verdicts("read-write", [base + 1, base + 0x1041, base + 0x1080, base + 0x2040]),
      ...verdicts("neither", [base, base + 0x1000, base + 0x1040, base + 0x107f, base + 0x203f]),
    ]);
  },
);

clause("X-21", "a filter that is not readable over its whole 392 bytes is an EFAULT", ({ kvm }) => {
  using guest = bootStanding(kvm.createVm());
  using memory = HostMemory.allocate(1);
  const { bytes } = encodeRawMsrFilter({ flags: 0, ranges: oppositeRanges() });
  const setAt = (address: bigint) => guest.vm.raw(IOCTL.X86_SET_MSR_FILTER, address);
  for (const address of UNREADABLE) {
    assertRefused(setAt(address), "EFAULT", `a filter at ${hex(address)}`);
  }
  for (const readable of [0, 1, 4, 8, 32, 376, 384, 388, 391]) {
    memory.bytes.set(bytes.subarray(0, readable), memory.bytes.length - readable);
    const what = `a filter of which ${readable} bytes are readable`;
    assertRefused(setAt(memory.end - BigInt(readable)), "EFAULT", what);
    assertStanding(guest.session, `after ${what} was refused`);
  }
  memory.bytes.set(bytes, memory.bytes.length - bytes.length);
  const what = "a filter whose last byte is the last readable one";
  assertAccepted(setAt(memory.end - BigInt(bytes.length)), what);
  assertOpposite(guest.session, what);
});

clause("X-22", "the padding in a filter and in its ranges is ignored", ({ kvm }) => {
  using guest = bootStanding(kvm.createVm());
  for (const padding of [0xaa, 0xff, 0x01]) {
    const [opposite, few] = [oppositeRanges(), [denying(Msr.IA32_PAT), denying(Msr.SYSCALL_MASK)]]
      .map((ranges) => encodeRawMsrFilter({ flags: 0, ranges }).bytes);
    for (const bytes of [opposite!, few!]) {
      bytes.fill(padding, 4, 8);
      for (let slot = 0; slot < 16; slot++) bytes.fill(padding, 20 + 24 * slot, 24 + 24 * slot);
    }
    assertAccepted(guest.vm.raw(IOCTL.X86_SET_MSR_FILTER, few!), `padding ${hex(padding)}, holes`);
    assertVerdicts(guest.session, `padding ${hex(padding)}, two ranges`, [
      ...verdicts("read-write", [Msr.IA32_PAT, Msr.SYSCALL_MASK]),
      ...verdicts("neither", [Msr.IA32_SYSENTER_CS, Msr.KERNEL_GS_BASE, 0x2000]),
    ]);
    const full = guest.vm.raw(IOCTL.X86_SET_MSR_FILTER, opposite!);
    assertAccepted(full, `padding ${hex(padding)}, all slots filled`);
    assertOpposite(guest.session, `padding ${hex(padding)}, all slots filled`);
  }
});

clause(
  "X-30",
  "the filter is copied: what becomes of the memory later has no effect",
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["filter"]);
    const session = bootWalker(vm);
    const spans: [base: number, nmsrs: number][] = [[0x170, 0x110], [0xc000_0080, 0x90], [
      0x2000,
      1,
    ]];
    const wanted = [
      ...verdicts("read-write", [
        Msr.IA32_SYSENTER_CS,
        Msr.SYSCALL_MASK,
        Msr.KERNEL_GS_BASE,
        0x2000,
      ]),
      ...verdicts("neither", [Msr.IA32_PAT, Msr.KVM_SYSTEM_TIME_NEW, 0x16f, 0x1fff, 0x2001]),
    ];
    using structure = HostMemory.allocate(1);
    {
      using bitmaps = HostMemory.allocate(3 * 0x600);
      const ranges = spans.map(([base, nmsrs], i) => ({
        flags: BOTH,
        nmsrs,
        base,
        bitmap: bitmaps.address + BigInt(0x600 * i),
      }));
      // PAT is 0x107 MSRs into the first range.
      bitmaps.bytes[0x107 >> 3] = 1 << (0x107 & 7);
      structure.bytes.set(encodeRawMsrFilter({ flags: 0, ranges }).bytes);
      const result = vm.raw(IOCTL.X86_SET_MSR_FILTER, structure.address);
      assertAccepted(result, "a filter in memory of our own");
      assertVerdicts(session, "the memory as it was", wanted);
      bitmaps.bytes.forEach((byte, i, all) => all[i] = byte ^ 0xff);
      assertVerdicts(session, "every bit of the bitmaps inverted", wanted);
      structure.bytes.fill(0xff);
      assertVerdicts(session, "the structure overwritten", wanted);
    }
    structure.close();
    assertVerdicts(session, "the memory unmapped", wanted);
    const allowed = [allowing(0x170, 0x110), allowing(0xc000_0080, 0x90), allowing(0x2000)];
    using other = kvm.createVm();
    other.enableUserSpaceMsr(["filter"]);
    assertAccepted(setRawFilter(other, { flags: 1, ranges: allowed }), "the filter of another VM");
    assertVerdicts(session, "another VM has another filter", wanted);
    const later = bootWalker(vm);
    assertVerdicts(later, "the memory unmapped, on a vCPU made later", wanted);
    assertVerdicts(session, "the memory unmapped, after a vCPU was made", wanted);
  },
);
