/**
 * The guest's descriptors, both as GDT entries and as the segment registers
 * that the host loads (SDM volume 3 section 3.4, APM volume 2 section 4.7).
 *
 * @module
 */
import type { Segment } from "../../kvm/vcpu.ts";
import { LAYOUT } from "../protocol.ts";

/**
 * Selectors. The order of the user descriptors is the one that SYSRET
 * expects: compatibility code, data, 64-bit code.
 */
export const SELECTOR = {
  code64: 0x08,
  data: 0x10,
  userCode32: 0x18,
  userData: 0x20,
  userCode64: 0x28,
  code32: 0x30,
  tss: 0x38,
} as const;

const CODE = 0xb;
const DATA = 0x3;
const BUSY_TSS = 0xb;

function flat(
  selector: number,
  type: number,
  dpl: number,
  bits: { l: number; db: number },
): Segment {
  return {
    base: 0n,
    limit: 0xffff_ffff,
    selector: selector | dpl,
    type,
    present: 1,
    dpl,
    db: bits.db,
    s: 1,
    l: bits.l,
    g: 1,
    avl: 0,
    unusable: 0,
  };
}

/** The segments, ready for `KVM_SET_SREGS`. */
export const SEGMENT = {
  code64: flat(SELECTOR.code64, CODE, 0, { l: 1, db: 0 }),
  data: flat(SELECTOR.data, DATA, 0, { l: 0, db: 1 }),
  userCode32: flat(SELECTOR.userCode32, CODE, 3, { l: 0, db: 1 }),
  userData: flat(SELECTOR.userData, DATA, 3, { l: 0, db: 1 }),
  userCode64: flat(SELECTOR.userCode64, CODE, 3, { l: 1, db: 0 }),
  code32: flat(SELECTOR.code32, CODE, 0, { l: 0, db: 1 }),
} as const satisfies Readonly<Record<string, Segment>>;

/** The task register for the TSS of the window at `base`. */
export function taskRegister(base: number): Segment {
  return {
    base: BigInt(base + LAYOUT.tss),
    limit: 0x67,
    selector: SELECTOR.tss,
    type: BUSY_TSS,
    present: 1,
    dpl: 0,
    db: 0,
    s: 0,
    l: 0,
    g: 0,
    avl: 0,
    unusable: 0,
  };
}

function encode(segment: Segment): bigint {
  const limit = BigInt(segment.g === 1 ? segment.limit >>> 12 : segment.limit);
  const access = segment.type | (segment.s << 4) | (segment.dpl << 5) | (segment.present << 7);
  const flags = segment.avl | (segment.l << 1) | (segment.db << 2) | (segment.g << 3);
  return (limit & 0xffffn) | ((segment.base & 0xff_ffffn) << 16n) | (BigInt(access) << 40n) |
    ((limit >> 16n) << 48n) | (BigInt(flags) << 52n) | (((segment.base >> 24n) & 0xffn) << 56n);
}

/** Bytes of the GDT: the selectors above, the TSS counting twice. */
export const GDT_SIZE = SELECTOR.tss + 16;

/** Writes the GDT of the window at `base`. */
export function writeGdt(view: DataView, base: number): void {
  for (const segment of [...Object.values(SEGMENT), taskRegister(base)]) {
    view.setBigUint64(segment.selector & ~3, encode(segment), true);
  }
}
