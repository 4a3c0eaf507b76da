/**
 * A page that KVM writes when a guest asks it to by an MSR: whether it has.
 *
 * @module
 */
import type { Vm } from "@trapline/trapline";

const SIZE = 4096;
const FILLING = 0xa5;

/** A page of guest memory, to be looked at again. */
export interface FilledPage {
  /** Its guest-physical address. */
  readonly gpa: bigint;
  /** The bytes it holds. */
  readonly bytes: () => Uint8Array<ArrayBuffer>;
  /** Whether it holds what it was filled with. */
  readonly isUntouched: () => boolean;
  /** Fills it again. */
  readonly fill: () => void;
}

/** Fills the page at `gpa`. */
export function fillPage({ memory }: Vm, gpa: number): FilledPage {
  const fill = (): void => void memory.bytes(gpa, SIZE).fill(FILLING);
  fill();
  return {
    gpa: BigInt(gpa),
    bytes: () => memory.read(gpa, SIZE),
    isUntouched: () => memory.bytes(gpa, SIZE).every((byte) => byte === FILLING),
    fill,
  };
}
