/**
 * `KVM_X86_SET_MSR_FILTER` as an ioctl: where it is, what it returns, what the
 * numbers in its structure mean, and that each call replaces the last.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  encodeRawMsrFilter,
  errnoName,
  type Handle,
  HostMemory,
  IOCTL,
  KVM_MSR_FILTER_DEFAULT_ALLOW,
  KVM_MSR_FILTER_DEFAULT_DENY,
  KVM_MSR_FILTER_MAX_RANGES,
  KVM_MSR_FILTER_READ,
  KVM_MSR_FILTER_WRITE,
  Msr,
  type MsrAccess,
  msrBitmap,
  MsrFilter,
  type MsrFilterSpec,
  type Session,
  type Vm,
} from "@trapline/trapline";
import {
  assertWalk,
  bootWalker,
  completes,
  exits,
  type Expectation,
  passes,
  read,
  write,
} from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { denyOnly } from "../support/msr_probes.ts";

const SUCCESS = { result: 0, errno: 0 };
const PROBE = Msr.IA32_SYSENTER_CS;
const SET_FILTER = IOCTL.X86_SET_MSR_FILTER;

clause("F-01", "the ioctl is there exactly when KVM_CAP_X86_MSR_FILTER is reported", {
  nativeOnly: "no guest runs",
}, ({ kvm }) => {
  using vm = kvm.createVm();
  const reported = vm.checkExtension("X86_MSR_FILTER") > 0;
  const { result } = vm.raw(SET_FILTER, encodeRawMsrFilter({ flags: 0, ranges: [] }).bytes);
  assertEquals(result === 0, reported, "the ioctl succeeds, as far as the capability is reported");
});

clause("F-02", "it is an ioctl of the VM, and of no other descriptor", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  const filters: Readonly<Record<string, MsrFilter>> = {
    "an empty filter": MsrFilter.ALLOW_ALL,
    "a filter that denies": MsrFilter.DENY_ALL,
  };
  const others: readonly (readonly [string, Handle])[] = [
    ["/dev/kvm", kvm],
    ["a vCPU", session.vcpu],
  ];
  for (const [what, filter] of Object.entries(filters)) {
    for (const [where, handle] of others) {
      const { result, errno } = handle.raw(SET_FILTER, filter.encode().bytes);
      assertEquals(result, -1, `${what} on ${where}`);
      // ENOTTY is what a descriptor without such an ioctl says; KVM's own say EINVAL all the same.
      assert(
        ["ENOTTY", "EINVAL"].includes(errnoName(errno)),
        `${what} on ${where}, errno ${errno}`,
      );
      assertWalk(session, `${what} on ${where}`, [completes(read(PROBE))]);
    }
    assertEquals(vm.raw(SET_FILTER, filter.encode().bytes), SUCCESS, `${what} on the VM`);
  }
  assertWalk(session, "a filter that denies on the VM", [exits(read(PROBE))]);
});

const VALID: Readonly<Record<string, MsrFilterSpec>> = {
  "a default of allow alone": { default: "allow" },
  "one range": denyOnly(PROBE, "read"),
  "one range and a default of deny": {
    default: "deny",
    ranges: [{ base: Msr.IA32_PAT, count: 1, allow: "read-write" }],
  },
  "16 ranges": {
    default: "allow",
    ranges: Array.from(
      { length: 16 },
      (_, i) => ({ base: PROBE + i, count: 1, deny: i % 2 === 0 ? "read" : "write" }),
    ),
  },
  "the longest range": denyOnly(0, "read-write", 0x3000),
};

clause("F-03", "it returns 0 on success", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  for (const [name, filter] of Object.entries(VALID)) {
    assertEquals(vm.raw(SET_FILTER, new MsrFilter(filter).encode().bytes), SUCCESS, name);
    const denied = name !== "a default of allow alone";
    assertWalk(session, name, [denied ? exits(read(PROBE)) : completes(read(PROBE))]);
  }
});

clause("F-04", "it returns -1 with an errno on error", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  vm.setMsrFilter(denyOnly(PROBE, "read"));
  const range = { flags: KVM_MSR_FILTER_READ, nmsrs: 1, base: 0, bitmap: new Uint8Array(8) };
  const wrong = {
    "a default of deny without ranges": { flags: KVM_MSR_FILTER_DEFAULT_DENY, ranges: [] },
    "an unknown flag": { flags: 1 << 1, ranges: [range] },
    "an unknown flag of a range": { flags: 0, ranges: [{ ...range, flags: 1 << 2 }] },
    "a range that governs nothing": { flags: 0, ranges: [{ ...range, flags: 0 }] },
    "a range that is too long": {
      flags: 0,
      ranges: [{ ...range, nmsrs: 0x3001, bitmap: new Uint8Array(0x608) }],
    },
    "a bitmap at address 0": { flags: 0, ranges: [{ ...range, bitmap: 0n }] },
  };
  for (const [name, filter] of Object.entries(wrong)) {
    const { result, errno } = vm.raw(SET_FILTER, encodeRawMsrFilter(filter).bytes);
    assertEquals(result, -1, name);
    assert(errno > 0, `${name}: errno ${errno}`);
  }
  using memory = HostMemory.allocate(1);
  assertEquals(vm.raw(SET_FILTER, memory.end).result, -1, "a structure that cannot be read");
  assertWalk(session, "after errors only", [exits(read(PROBE)), passes(read(Msr.IA32_PAT))]);
});

/**
 * Installs a filter whose last range, in `slot`, governs `base`, byte by byte
 * as the C structure lies in memory: no table of this project is between these
 * numbers and the kernel. The slots before it hold MSRs that do not matter.
 */
function installBytes(
  vm: Handle,
  { flags, rangeFlags, slot, base, bit }: {
    flags: number;
    rangeFlags: number;
    slot: number;
    base: number;
    bit: 0 | 1;
  },
): void {
  using memory = HostMemory.allocate(0x1000);
  const bitmap = 0x800;
  const view = new DataView(memory.bytes.buffer);
  view.setUint32(0, flags, true);
  for (let i = 0; i <= slot; i++) {
    const range = 8 + 24 * i;
    view.setUint32(range, rangeFlags, true);
    view.setUint32(range + 4, 1, true);
    view.setUint32(range + 8, i === slot ? base : 0x3000 + i, true);
    view.setBigUint64(range + 16, memory.address + BigInt(bitmap), true);
  }
  view.setUint8(bitmap, bit);
  assertEquals(vm.raw(0x4188_aec6, memory.address), SUCCESS, `a last range in slot ${slot}`);
}

/** `kvm_msr_filter.flags`, `kvm_msr_filter_range.flags`, and the slot of the range. */
const RAW = [
  { flags: 0, rangeFlags: 1, slot: 0 },
  { flags: 0, rangeFlags: 2, slot: 15 },
  { flags: 0, rangeFlags: 3, slot: 7 },
  { flags: 1, rangeFlags: 1, slot: 15 },
  { flags: 1, rangeFlags: 2, slot: 0 },
  { flags: 1, rangeFlags: 3, slot: 15 },
];

clause("F-40", "the numbers in the structure mean what their names say", ({ kvm }) => {
  assertEquals(
    [KVM_MSR_FILTER_READ, KVM_MSR_FILTER_WRITE, KVM_MSR_FILTER_MAX_RANGES],
    [1, 2, 16],
    "KVM_MSR_FILTER_READ, _WRITE and _MAX_RANGES",
  );
  assertEquals(
    [KVM_MSR_FILTER_DEFAULT_ALLOW, KVM_MSR_FILTER_DEFAULT_DENY],
    [0, 1],
    "KVM_MSR_FILTER_DEFAULT_ALLOW and _DENY",
  );
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  for (const { flags, rangeFlags, slot } of RAW) {
    const allows = flags === 0;
    installBytes(vm, { flags, rangeFlags, slot, base: PROBE, bit: allows ? 0 : 1 });
    const governed = (access: MsrAccess, kind: number): Expectation =>
      ((rangeFlags & kind) !== 0) === allows ? exits(access) : completes(access);
    const unmatched = (access: MsrAccess): Expectation =>
      allows ? completes(access) : exits(access);
    assertWalk(session, `filter flags ${flags}, range flags ${rangeFlags}, slot ${slot}`, [
      governed(read(PROBE), 1),
      governed(write(PROBE, 0x18n), 2),
      unmatched(read(Msr.KERNEL_GS_BASE)),
      unmatched(write(Msr.KERNEL_GS_BASE, 0x1000n)),
    ]);
  }
});

const [FIRST, SECOND] = [Msr.IA32_SYSENTER_CS, Msr.KERNEL_GS_BASE];

const LONGEST = 0x3000;

/** A filter that differs from the other one in the last bit of a bitmap, which is the second MSR's. */
function longRange(allowsLast: boolean): MsrFilterSpec {
  const allowed = Array.from({ length: allowsLast ? LONGEST : LONGEST - 1 }, (_, i) => i);
  const bitmap = msrBitmap(LONGEST, allowed);
  const base = SECOND - (LONGEST - 1);
  return { default: "allow", ranges: [{ base, count: LONGEST, access: "read-write", bitmap }] };
}

/** Filters in the order in which they are set, and which accesses each denies. */
const SUCCESSION: readonly (readonly [name: string, filter: MsrFilterSpec, denied: MsrAccess[]])[] =
  [
    ["denies the first MSR", denyOnly(FIRST, "read-write"), [read(FIRST), write(FIRST)]],
    ["denies the second MSR", denyOnly(SECOND, "read-write"), [read(SECOND), write(SECOND)]],
    ["denies reads only", denyOnly(SECOND, "read"), [read(SECOND)]],
    ["denies writes only", denyOnly(SECOND, "write"), [write(SECOND)]],
    [
      "denies all but the second MSR",
      { default: "deny", ranges: [{ base: SECOND, count: 1, allow: "read-write" }] },
      [read(FIRST), write(FIRST)],
    ],
    [
      "denies the first MSR in the last of 16 slots",
      {
        default: "allow",
        ranges: Array.from(
          { length: 16 },
          (_, i) => ({ base: i === 15 ? FIRST : 0x3000 + i, count: 1, deny: "read-write" }),
        ),
      },
      [read(FIRST), write(FIRST)],
    ],
    ["denies the second MSR again", denyOnly(SECOND, "read-write"), [read(SECOND), write(SECOND)]],
    ["allows all of a long range", longRange(true), []],
    ["denies the last of a long range", longRange(false), [read(SECOND), write(SECOND)]],
    ["allows the last of a long range again", longRange(true), []],
  ];

/** Changes that a VMM may well make in the life of a VM, and that a kernel may not tire of. */
const MANY_CHANGES = 256;

function assertSucceeds(vm: Vm, session: Session, when: string): void {
  const accesses = [FIRST, SECOND].flatMap((index) => [read(index), write(index)]);
  for (const [name, filter, denied] of SUCCESSION) {
    vm.setMsrFilter(filter);
    const isDenied = (access: MsrAccess): boolean =>
      denied.some(({ kind, index }) => kind === access.kind && index === access.index);
    const wanted = accesses.map((access) => isDenied(access) ? exits(access) : completes(access));
    assertWalk(session, `the filter in place ${name}, ${when}`, wanted);
  }
}

clause("F-41", "each call replaces the whole filter", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  const session = bootWalker(vm);
  assertSucceeds(vm, session, "at first");
  for (let i = 0; i < MANY_CHANGES; i++) vm.setMsrFilter(SUCCESSION[i % SUCCESSION.length]![1]);
  assertSucceeds(vm, session, `after ${MANY_CHANGES} changes`);
});
