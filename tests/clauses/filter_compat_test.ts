/**
 * `KVM_X86_SET_MSR_FILTER` by a program of 32 bits, whose structure has
 * pointers of 32 bits and so another ioctl number.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm16,
  assemble,
  encodeRawEnableCap,
  ERRNO,
  EXIT_REASON,
  IOCTL,
  type Kvm,
  KVM_MSR_EXIT_REASON_FILTER,
  KVM_MSR_EXIT_REASON_UNKNOWN,
  kvmRunOffset,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import {
  CALL,
  DATA,
  DATA_SIZE,
  resultOf,
  runNative,
  runsPrograms,
  type SystemCall,
} from "../support/native_program.ts";
import { assertRefused } from "../support/raw_filter.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";
import { assertStanding, bootStanding } from "../support/standing_filter.ts";

/** `_IOW(0xae, 0xc6, struct kvm_msr_filter_compat)`: a word of flags and 16 ranges of 16 bytes. */
const SET_MSR_FILTER_COMPAT = 0x4104_aec6;
const FILTER_SIZE = 4 + 16 * 16;

// Where things lie in the program's data.
const PATH = DATA;
const CAP = DATA + 0x100;
const REGION = DATA + 0x200;
const ALLOWING = DATA + 0x300;
const DENYING = DATA + 0x500;
const BAD_FILTER_FLAGS = DATA + 0x700;
const BAD_RANGE_FLAGS = DATA + 0x900;
const BAD_BITMAP = DATA + 0xb00;
const PIPE = DATA + 0xd00;
const GUEST = DATA + 0x1000;
const BITMAPS = DATA + 0x2000;
const ANSWERS = DATA + 0x3000;
const RUN_PAGE = 0x60_0000;
/** Where every other bitmap lies: an address that is negative to who takes it for signed. */
const HIGH_BITMAPS = 0xe000_0000;

/** Two words of bitmap, of which MSRs 3 and 69 are denied and 70 is the first behind it. */
const COUNT = 70;
const OFFSETS = [0, 3, 69, 70];
const BITMAP = Uint8Array.of(0xf7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0, 0, 0, 0);
const flagsOf = (slot: number): number => slot % 3 + 1;
// Unknown MSRs, of the upper half of all indices too.
const baseOf = (slot: number): number => (slot < 8 ? 0x4b56_0000 : 0xcb56_0000) + 0x100 * slot;
const bitmapsOf = (slot: number): number => slot % 2 === 0 ? BITMAPS : HIGH_BITMAPS;

const PROBES = Array.from({ length: 16 }, (_, slot) => OFFSETS.map((offset) => ({ slot, offset })))
  .flat();

function answer(i: number): bigint {
  return BigInt.asUintN(64, BigInt(i + 1) * 0x9e37_79b9_7f4a_7c15n);
}

interface Bad {
  readonly rangeFlags?: number;
  readonly bitmap?: number;
}

/** A filter as a program of 32 bits lays it out; `bad` spoils its last slot. */
function compatFilter(flags: number, { rangeFlags = 0, bitmap }: Bad = {}): Uint8Array {
  const view = new DataView(new ArrayBuffer(FILTER_SIZE));
  view.setUint32(0, flags, true);
  for (let slot = 0; slot < 16; slot++) {
    const at = 4 + 16 * slot;
    const last = slot === 15;
    view.setUint32(at, flagsOf(slot) | (last ? rangeFlags : 0), true);
    view.setUint32(at + 4, COUNT, true);
    view.setUint32(at + 8, baseOf(slot), true);
    view.setUint32(at + 12, (last ? bitmap : undefined) ?? bitmapsOf(slot) + 16 * slot, true);
  }
  return new Uint8Array(view.buffer);
}

/** Real-mode code from the reset vector on: reads each MSR and writes to it what it read. */
function guestPage(): Uint8Array {
  const page = new Uint8Array(0x1000);
  const accesses = PROBES.map(({ slot, offset }) =>
    `mov ecx, ${baseOf(slot) + offset}
     rdmsr
     wrmsr`
  );
  const code = asm16`
    start:
      ${accesses.join("\n")}
      jmp start
  `;
  page.set(assemble(code, { base: 0xf000 }).bytes);
  const reset = assemble(asm16`jmp start`, { base: 0xfff0, symbols: { start: 0xf000 } });
  page.set(reset.bytes, 0xff0);
  return page;
}

function programData(): Uint8Array {
  const data = new Uint8Array(0x4000);
  const put = (address: number, bytes: Uint8Array): void => data.set(bytes, address - DATA);
  put(PATH, new TextEncoder().encode("/dev/kvm"));
  const mask = KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER;
  put(CAP, encodeRawEnableCap({ cap: 188, flags: 0, args: [BigInt(mask)] }));
  const region = new DataView(new ArrayBuffer(32));
  region.setBigUint64(8, 0xffff_f000n, true);
  region.setBigUint64(16, 0x1000n, true);
  region.setBigUint64(24, BigInt(GUEST), true);
  put(REGION, new Uint8Array(region.buffer));
  put(ALLOWING, compatFilter(0));
  put(DENYING, compatFilter(1));
  put(BAD_FILTER_FLAGS, compatFilter(3));
  put(BAD_RANGE_FLAGS, compatFilter(0, { rangeFlags: 4 }));
  put(BAD_BITMAP, compatFilter(0, { bitmap: DATA + DATA_SIZE - 1 }));
  for (let slot = 0; slot < 16; slot++) put(BITMAPS + 16 * slot, BITMAP);
  put(ANSWERS, new Uint8Array(BigUint64Array.from(PROBES, (_, i) => answer(i)).buffer));
  put(GUEST, guestPage());
  return data;
}

const { open, ioctl, dup2, mmap, pipe, read, write, exit } = CALL[32];
const [DEVICE, VM, VCPU] = [10, 11, 12];
const EXIT_BYTES = 64;
const DATA_FIELD = RUN_PAGE + kvmRunOffset("msr.data");

function onVm(request: number, argument: number): SystemCall {
  return { number: ioctl, first: VM, rest: [request, argument] };
}

/** The calls of the program, and how each one must end; the exits are written out between them. */
function programCalls(mmapSize: number): { calls: SystemCall[]; wanted: (number | undefined)[] } {
  const calls: SystemCall[] = [];
  const wanted: (number | undefined)[] = [];
  const call = (step: SystemCall, result?: number): void => {
    calls.push(step);
    wanted.push(result);
  };
  const named = (fd: number): void =>
    call({ number: dup2, first: { wordAt: resultOf(32, calls.length - 1) }, rest: [fd] }, fd);
  call({ number: open, first: PATH, rest: [2] });
  named(DEVICE);
  call({ number: ioctl, first: DEVICE, rest: [IOCTL.CREATE_VM.request, 0] });
  named(VM);
  call(onVm(IOCTL.ENABLE_CAP.request, CAP), 0);
  call(onVm(IOCTL.SET_TSS_ADDR.request, 0xfffb_d000), 0);
  call(onVm(IOCTL.SET_USER_MEMORY_REGION.request, REGION), 0);
  call(onVm(IOCTL.CREATE_VCPU.request, 0));
  named(VCPU);
  // Shared, readable and writable, at this very address.
  call({ number: mmap, first: RUN_PAGE, rest: [mmapSize, 3, 0x11, VCPU, 0] }, RUN_PAGE);
  call({ number: pipe, first: PIPE }, 0);
  // Private, not of a file, at this very address; what the bitmaps are goes there through the pipe.
  call({ number: mmap, first: HIGH_BITMAPS, rest: [0x1000, 3, 0x32, -1, 0] }, HIGH_BITMAPS | 0);
  call({ number: write, first: { wordAt: PIPE + 4 }, rest: [BITMAPS, 256] }, 256);
  call({ number: read, first: { wordAt: PIPE }, rest: [HIGH_BITMAPS, 256] }, 256);
  for (const filter of [ALLOWING, DENYING]) {
    call(onVm(SET_MSR_FILTER_COMPAT, filter), 0);
    call(onVm(SET_MSR_FILTER_COMPAT, BAD_FILTER_FLAGS), -ERRNO.EINVAL);
    call(onVm(SET_MSR_FILTER_COMPAT, BAD_RANGE_FLAGS), -ERRNO.EINVAL);
    call(onVm(SET_MSR_FILTER_COMPAT, BAD_BITMAP), -ERRNO.EFAULT);
    call(onVm(SET_MSR_FILTER_COMPAT, DATA + DATA_SIZE - FILTER_SIZE + 1), -ERRNO.EFAULT);
    const size = 8 * PROBES.length;
    call({ number: write, first: { wordAt: PIPE + 4 }, rest: [ANSWERS, size] }, size);
    for (const _ of PROBES) {
      for (const kind of ["read", "write"]) {
        call({ number: ioctl, first: VCPU, rest: [IOCTL.RUN.request, 0] }, 0);
        call({ number: write, first: 1, rest: [RUN_PAGE, EXIT_BYTES] }, EXIT_BYTES);
        if (kind === "write") continue;
        call({ number: read, first: { wordAt: PIPE }, rest: [DATA_FIELD, 8] }, 8);
      }
    }
  }
  return { calls, wanted };
}

function describeExit(view: DataView, at: number): string {
  const field = (name: "exit_reason" | "msr.reason" | "msr.index"): number =>
    view.getUint32(at + kvmRunOffset(name), true);
  const data = view.getBigUint64(at + kvmRunOffset("msr.data"), true);
  return `exit ${field("exit_reason")}, reason ${field("msr.reason")}, ` +
    `MSR 0x${field("msr.index").toString(16)}, data 0x${data.toString(16)}`;
}

function wantedExit(byDefault: "allow" | "deny", i: number, kind: "read" | "write"): string {
  const { slot, offset } = PROBES[i]!;
  const governs = (flagsOf(slot) & (kind === "read" ? 1 : 2)) !== 0 && offset < COUNT;
  const denied = governs ? offset === 3 || offset === 69 : byDefault === "deny";
  return `exit ${kind === "read" ? EXIT_REASON.X86_RDMSR : EXIT_REASON.X86_WRMSR}, ` +
    `reason ${denied ? KVM_MSR_EXIT_REASON_FILTER : KVM_MSR_EXIT_REASON_UNKNOWN}, ` +
    `MSR 0x${(baseOf(slot) + offset).toString(16)}, ` +
    `data 0x${kind === "read" ? "0" : answer(i).toString(16)}`;
}

/** Runs the program: its VM is filtered, and its guest reads the answers and writes them back. */
function assertWorksFor32Bits(kvm: Kvm): void {
  const { calls, wanted } = programCalls(kvm.vcpuMmapSize);
  const results = calls.map((_, i) => ({
    number: write,
    first: 1,
    rest: [resultOf(32, i), 4],
  }));
  const out = runNative({
    bits: 32,
    data: programData(),
    calls: [...calls, ...results, { number: exit }],
  });
  const exits = wanted.filter((result) => result === EXIT_BYTES).length;
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const got = calls.map((_, i) => view.getInt32(EXIT_BYTES * exits + 4 * i, true));
  assertEquals(
    got.map((result, i) => wanted[i] === undefined && result >= 0 ? "a descriptor" : result),
    wanted.map((result) => result ?? "a descriptor"),
    "the results of the calls of a program of 32 bits",
  );
  const seen = Array.from({ length: exits }, (_, i) => describeExit(view, EXIT_BYTES * i));
  const expected = (["allow", "deny"] as const).flatMap((byDefault) =>
    PROBES.flatMap((_, i) =>
      (["read", "write"] as const).map((kind) => wantedExit(byDefault, i, kind))
    )
  );
  assertEquals(seen, expected, "the exits of a guest of 32 bits' making");
}

clause(
  "X-27",
  "a program of 32 bits sets a filter by a number of its own, which one of 64 bits may not use",
  {
    requires: [reportsUnknownMsrs, runsPrograms(32)],
    nativeOnly: "its guest is another program's",
  },
  ({ kvm }) => {
    {
      using guest = bootStanding(kvm.createVm());
      for (const size of [FILTER_SIZE, 392]) {
        const result = guest.vm.raw(SET_MSR_FILTER_COMPAT, new Uint8Array(size));
        assertRefused(result, "ENOTTY", `the number of 32 bits, with ${size} bytes`);
        assertStanding(guest.session, "after the number of 32 bits was refused");
      }
    }
    assertWorksFor32Bits(kvm);
  },
);
