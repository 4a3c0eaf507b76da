/**
 * The few structures and flags of POSIX and Linux that the harness needs, as
 * x86-64 glibc lays them out.
 *
 * @module
 */
import { i32, nested, struct, u64 } from "./struct.ts";

/** `struct timespec`. */
export const TIMESPEC = struct("timespec", 16, { tv_sec: u64(0), tv_nsec: u64(8) });

/** `struct itimerspec`. */
export const ITIMERSPEC = struct("itimerspec", 32, {
  it_interval: nested(0, TIMESPEC),
  it_value: nested(16, TIMESPEC),
});

/** `struct sigevent`; the thread of `SIGEV_THREAD_ID` lies in its union. */
export const SIGEVENT = struct("sigevent", 64, {
  sigev_value: u64(0),
  sigev_signo: i32(8),
  sigev_notify: i32(12),
  "_sigev_un._tid": i32(16),
});

/** Numbers of the host's C library and kernel, by C name. */
export const POSIX = {
  O_RDONLY: 0,
  O_RDWR: 2,
  O_CLOEXEC: 0o2000000,
  O_DIRECTORY: 0o200000,
  PROT_NONE: 0,
  PROT_READ: 1,
  PROT_WRITE: 2,
  MAP_SHARED: 1,
  MFD_CLOEXEC: 1,
  CLOCK_MONOTONIC: 1,
  SIGEV_THREAD_ID: 4,
  SIG_BLOCK: 0,
  SIG_UNBLOCK: 1,
  SIG_SETMASK: 2,
} as const;

/** Bytes of the kernel's `sigset_t`, as `KVM_SET_SIGNAL_MASK` takes it. */
export const KERNEL_SIGSET_SIZE = 8;
/** Bytes of glibc's `sigset_t`. */
export const GLIBC_SIGSET_SIZE = 128;
