import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ERRNO } from "../abi/errno.ts";
import { errno, libc } from "./libc.ts";
import { Watchdog } from "./watchdog.ts";

const SIGNAL = 50;

/** Waits up to `seconds` for the watchdog's signal and takes it away; -1 when none came. */
function takeSignal(seconds: number): number {
  const set = new Uint8Array(128);
  set[(SIGNAL - 1) >> 3] = 1 << ((SIGNAL - 1) & 7);
  const time = new Uint8Array(16);
  new DataView(time.buffer).setBigUint64(0, BigInt(seconds), true);
  while (true) {
    const signal = libc().sigtimedwait(set, null, time);
    // Deno's own signals, such as that of a child process which has ended, may come here too.
    if (signal !== -1 || errno() !== ERRNO.EINTR) return signal;
  }
}

Deno.test("ofThisThread() gives the same watchdog each time", () => {
  assertStrictEquals(Watchdog.ofThisThread(), Watchdog.ofThisThread());
});

Deno.test("runMask unblocks just the watchdog's signal, in the kernel's eight bytes", () => {
  const { runMask } = Watchdog.ofThisThread();
  assertEquals(runMask.length, 4 + 8);
  assertEquals([...runMask.subarray(0, 4)], [8, 0, 0, 0]);
  assertEquals(runMask[4 + ((SIGNAL - 1) >> 3)]! & (1 << ((SIGNAL - 1) & 7)), 0);
});

Deno.test("set() sends the signal once, to this thread, where it waits", () => {
  const watchdog = Watchdog.ofThisThread();
  const after = Array.from({ length: 5 }, () => {
    watchdog.set(1);
    assertEquals(takeSignal(5), SIGNAL);
    return takeSignal(0);
  });
  // Test files share a thread: an alarm that another has left standing may come in between, once.
  assert(after.filter((signal) => signal === -1).length >= 4, `${after}`);
  watchdog.drain();
});

Deno.test("set() takes less than a nanosecond for one", () => {
  const watchdog = Watchdog.ofThisThread();
  watchdog.set(0);
  assertEquals(takeSignal(5), SIGNAL);
});

Deno.test("set() replaces the alarm before", () => {
  const watchdog = Watchdog.ofThisThread();
  watchdog.set(60_000);
  watchdog.set(1);
  assertEquals(takeSignal(5), SIGNAL);
});

Deno.test("guard() leaves an alarm that comes sooner", () => {
  const watchdog = Watchdog.ofThisThread();
  watchdog.set(1);
  watchdog.guard(60_000);
  assertEquals(takeSignal(5), SIGNAL);
});

Deno.test("guard() shortens an alarm that would come too late", () => {
  const watchdog = Watchdog.ofThisThread();
  watchdog.set(60_000);
  watchdog.guard(1);
  assertEquals(takeSignal(5), SIGNAL);
});

Deno.test("drain() takes the signal away, and guard() sets the alarm again", () => {
  const watchdog = Watchdog.ofThisThread();
  watchdog.set(1);
  assertEquals(takeSignal(5), SIGNAL);
  watchdog.set(1);
  const waiting = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(waiting, 0, 0, 50);
  watchdog.drain();
  assertEquals(takeSignal(0), -1);
  watchdog.guard(1);
  assertEquals(takeSignal(5), SIGNAL);
});

Deno.test("drain() of nothing returns at once", () => {
  const watchdog = Watchdog.ofThisThread();
  watchdog.set(60_000);
  watchdog.drain();
  assert(takeSignal(0) === -1);
});
