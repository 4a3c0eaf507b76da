/**
 * File descriptors by number. Results are the kernel's own: a value of zero or
 * more, or a negated errno.
 *
 * @module
 */
import { cString, errno, libc } from "./libc.ts";

/** What an ioctl takes: a number, or the buffer whose address is handed over. */
export type IoctlArgument = number | bigint | Uint8Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>;

/** Calls `ioctl`; returns its result, or `-errno`. */
export function ioctl(fd: number, request: number, argument: IoctlArgument = 0n): number {
  const result = typeof argument === "object"
    ? libc().ioctlBuffer(fd, request, argument)
    : libc().ioctl(fd, request, BigInt.asUintN(64, BigInt(argument)));
  return result === -1 ? -errno() : result;
}

/** {@linkcode ioctl} without an argument, for the one call whose speed counts, `KVM_RUN`. */
export function ioctlNoArgument(fd: number, request: number): number {
  const result = libc().ioctl(fd, request, 0n);
  return result === -1 ? -errno() : result;
}

/** Opens `path`; returns the fd, or `-errno`. */
export function openFd(path: string, flags: number): number {
  const fd = libc().open(cString(path), flags);
  return fd === -1 ? -errno() : fd;
}

/** Closes `fd`; the number is free afterwards, whatever the kernel says. */
export function closeFd(fd: number): void {
  libc().close(fd);
}

/** Reads up to `buffer.length` bytes at `offset`; returns their count, or `-errno`. */
export function preadFd(fd: number, buffer: Uint8Array<ArrayBuffer>, offset: number): number {
  const count = Number(libc().pread(fd, buffer, BigInt(buffer.length), BigInt(offset)));
  return count === -1 ? -errno() : count;
}
