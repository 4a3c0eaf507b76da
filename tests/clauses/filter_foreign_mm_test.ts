/**
 * A VM belongs to the process, more exactly to the memory, that made it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  encodeRawEnableCap,
  encodeRawMsrFilter,
  ERRNO,
  IOCTL,
  KVM_MSR_EXIT_REASON_FILTER,
  type Vm,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import type { Facts } from "../support/facts.ts";
import {
  type Bits,
  CALL,
  DATA,
  resultOf,
  runNative,
  runsPrograms,
} from "../support/native_program.ts";
import {
  assertOpposite,
  assertStanding,
  bootStanding,
  oppositeRanges,
} from "../support/standing_filter.ts";
import { assertAccepted, denying, type RawRange, setRawFilter } from "../support/raw_filter.ts";

/** ioctl(2) requests of every descriptor: whether it stays open in a program that is executed. */
const FIONCLEX = 0x5450;
const FIOCLEX = 0x5451;

const SET_MSR_FILTER: Readonly<Record<Bits, number>> = {
  32: 0x4104_aec6,
  64: IOCTL.X86_SET_MSR_FILTER.request,
};

/** Where the program's bitmap lies: all zeros, so it denies. */
const BITMAP = DATA + 0x800;

function filterFor(bits: Bits, flags: number): Uint8Array {
  const range = { ...denying(0x2000), bitmap: BigInt(BITMAP) };
  if (bits === 64) return encodeRawMsrFilter({ flags, ranges: [range] }).bytes.slice();
  const bytes = new Uint8Array(4 + 16 * 16);
  new Uint32Array(bytes.buffer, 0, 5).set([flags, range.flags, range.nmsrs, range.base, BITMAP]);
  return bytes;
}

/** What an ioctl, which is given `data`, gives in another process that has inherited the VM's descriptor. */
function callByAnother(vm: Vm, bits: Bits, request: number, data: Uint8Array): number {
  const { ioctl, write, exit } = CALL[bits];
  assertAccepted(vm.raw(FIONCLEX), "FIONCLEX");
  try {
    const out = runNative({
      bits,
      data,
      calls: [
        { number: ioctl, first: vm.fd, rest: [request, DATA] },
        { number: write, first: 1, rest: [resultOf(bits, 0), 4] },
        { number: exit },
      ],
    });
    return new DataView(out.buffer, out.byteOffset).getInt32(0, true);
  } finally {
    assertAccepted(vm.raw(FIOCLEX), "FIOCLEX");
  }
}

/** The programs of a process of its own that this machine can run. */
function programs(facts: Facts): Bits[] {
  return ([64, 32] as const).filter((bits) => runsPrograms(bits)(facts) === undefined);
}

clause(
  "X-28",
  "another process may not set the filter of a VM that it did not make, whatever the filter",
  { requires: [runsPrograms(64)] },
  ({ kvm, facts }) => {
    using guest = bootStanding(kvm.createVm());
    const { vm, session } = guest;
    for (const bits of programs(facts)) {
      // Valid, and of each kind that is refused for its contents.
      for (const flags of [0, 1, 2]) {
        const what = `filter flags ${flags}, by a program of ${bits} bits`;
        const result = callByAnother(vm, bits, SET_MSR_FILTER[bits], filterFor(bits, flags));
        assertEquals(result, -ERRNO.EIO, what);
        assertStanding(session, `after ${what}`);
      }
    }
    const ranges: RawRange[] = oppositeRanges();
    assertAccepted(setRawFilter(vm, { flags: 0, ranges }), "the filter by the VM's own process");
    assertOpposite(session, "set by the VM's own process");
  },
);

clause(
  "X-112",
  "another process may not change the mask of a VM that it did not make",
  { requires: [runsPrograms(64)] },
  ({ kvm, facts }) => {
    using guest = bootStanding(kvm.createVm());
    const { vm, session } = guest;
    for (const bits of programs(facts)) {
      for (const mask of [0, 3, KVM_MSR_EXIT_REASON_FILTER, 8]) {
        const what = `mask ${mask}, by a program of ${bits} bits`;
        const data = encodeRawEnableCap({ cap: 188, flags: 0, args: [BigInt(mask)] }).slice();
        const result = callByAnother(vm, bits, IOCTL.ENABLE_CAP.request, data);
        assertEquals(result, -ERRNO.EIO, what);
        assertStanding(session, `after ${what}`);
      }
    }
  },
);
