/**
 * Ioctl numbers the way `<asm-generic/ioctl.h>` composes them: direction,
 * argument size, type and number in one 32-bit word.
 *
 * @module
 */

/** The fd an ioctl is for. */
export type FdKind = "system" | "vm" | "vcpu";

/** One ioctl: its number, and how many bytes its argument has. */
export interface Ioctl {
  /** The C name, `KVM_GET_REGS`. */
  readonly name: string;
  /** The request number. */
  readonly request: number;
  /** The fds that take it. */
  readonly on: readonly FdKind[];
  /** Bytes behind the argument pointer; 0 when the argument is a number or nothing. */
  readonly size: number;
}

const KVMIO = 0xae;
const DIRECTION = { none: 0, write: 1, read: 2, both: 3 } as const;

/** `_IOC(direction, type, number, size)`. */
export function ioctlRequest(
  direction: keyof typeof DIRECTION,
  type: number,
  number: number,
  size: number,
): number {
  if (size < 0 || size >= 1 << 14) {
    throw new RangeError(`Cannot encode an ioctl: a size of ${size} bytes takes over 14 bits`);
  }
  return ((DIRECTION[direction] << 30) | (size << 16) | (type << 8) | number) >>> 0;
}

/** Declares a KVM ioctl; its size comes from the structure it takes. */
export function kvmIoctl(
  name: string,
  number: number,
  on: readonly FdKind[],
  direction: keyof typeof DIRECTION = "none",
  argument: { readonly size: number } = { size: 0 },
): Ioctl {
  return {
    name,
    request: ioctlRequest(direction, KVMIO, number, argument.size),
    on,
    size: argument.size,
  };
}
