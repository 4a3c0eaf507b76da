/**
 * The one `Deno.dlopen`: libc's functions with their C prototypes.
 *
 * Every call is synchronous. errno lives in the calling thread and survives
 * until that thread's next libc call, so {@linkcode errno} must be the very
 * next call after one that failed; a nonblocking call runs on another thread
 * and its errno cannot be read at all.
 *
 * @module
 */

const SYMBOLS = {
  /** `int ioctl(int fd, unsigned long request, unsigned long argument)`; a request has 32 bits */
  ioctl: { parameters: ["i32", "u32", "usize"], result: "i32" },
  /** `int ioctl(int fd, unsigned long request, void *argument)`; a request has 32 bits */
  ioctlBuffer: { name: "ioctl", parameters: ["i32", "u32", "buffer"], result: "i32" },
  /** `int *__errno_location(void)` */
  __errno_location: { parameters: [], result: "pointer" },
  /** `int open(const char *path, int flags)` */
  open: { parameters: ["buffer", "i32"], result: "i32" },
  /** `int close(int fd)` */
  close: { parameters: ["i32"], result: "i32" },
  /** `ssize_t read(int fd, void *buffer, size_t count)` */
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  /** `ssize_t pread(int fd, void *buffer, size_t count, off_t offset)` */
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  /** `ssize_t readlink(const char *path, char *buffer, size_t size)` */
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  /** `ssize_t getdents64(int fd, void *buffer, size_t size)` */
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  /** `int access(const char *path, int mode)` */
  access: { parameters: ["buffer", "i32"], result: "i32" },
  /** `void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)` */
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  /** `int memfd_create(const char *name, unsigned int flags)` */
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  /** `int ftruncate(int fd, off_t length)` */
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  /** `int mprotect(void *address, size_t length, int protection)` */
  mprotect: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  /** `int munmap(void *address, size_t length)` */
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  /** `pid_t getpid(void)` */
  getpid: { parameters: [], result: "i32" },
  /** `pid_t gettid(void)` */
  gettid: { parameters: [], result: "i32" },
  /** `int tgkill(pid_t process, pid_t thread, int signal)` */
  tgkill: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)`; returns the error */
  pthread_sigmask: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** `int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)` */
  sigtimedwait: { parameters: ["buffer", "pointer", "buffer"], result: "i32" },
  /** `int timer_create(clockid_t clock, struct sigevent *event, timer_t *timer)` */
  timer_create: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** `int timer_settime(timer_t timer, int flags, const struct itimerspec *value, struct itimerspec *old)` */
  timer_settime: { parameters: ["u64", "i32", "buffer", "pointer"], result: "i32" },
  /** `int timer_delete(timer_t timer)` */
  timer_delete: { parameters: ["u64"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let symbols: Symbols | undefined;

/** libc's functions; the library is opened at the first call and stays open. */
export function libc(): Symbols {
  return symbols ??= Deno.dlopen("libc.so.6", SYMBOLS).symbols;
}

/** The calling thread's errno; call it directly after the libc call that failed. */
export function errno(): number {
  const location = libc().__errno_location();
  if (location === null) throw new Error("Cannot read errno: libc gave no location");
  return new Deno.UnsafePointerView(location).getInt32();
}

/** `text` as a C string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new TypeError(`Cannot pass "${text}" to libc: it holds a NUL`);
  return new TextEncoder().encode(`${text}\0`);
}

/**
 * The address of the first byte of `buffer` in this process.
 *
 * The garbage collector neither moves nor frees the bytes while the caller
 * holds `buffer`; afterwards the address is worth nothing.
 */
export function addressOf(buffer: ArrayBuffer): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(buffer)));
}
