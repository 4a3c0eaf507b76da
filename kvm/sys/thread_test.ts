import { assert, assertEquals } from "@std/assert";
import { libc } from "./libc.ts";
import { readTextFile } from "./proc.ts";
import { deleteTimer, kickThread, thisThread, threadIsAlive } from "./thread.ts";
import { Watchdog, WATCHDOG_SIGNAL } from "./watchdog.ts";

Deno.test("threadIsAlive() tells this thread from one that does not exist", () => {
  assertEquals(threadIsAlive(thisThread()), true);
  // Above the most that the kernel gives, 2^22.
  assertEquals(threadIsAlive(0x7fff_fff0), false);
});

Deno.test("kickThread() leaves the watchdog's signal waiting for the thread", () => {
  Watchdog.ofThisThread().drain();
  kickThread(thisThread());
  const set = new Uint8Array(128);
  set[(WATCHDOG_SIGNAL - 1) >> 3] = 1 << ((WATCHDOG_SIGNAL - 1) & 7);
  assertEquals(libc().sigtimedwait(set, null, new Uint8Array(16)), WATCHDOG_SIGNAL);
});

Deno.test("deleteTimer() does no harm to a timer that is none", () => {
  const { timer } = Watchdog.ofThisThread();
  const timers = (): string[] => readTextFile("/proc/self/timers").match(/^ID: \d+$/gm) ?? [];
  const before = timers();
  assert(before.includes(`ID: ${timer}`), before.join());
  deleteTimer(0x7fff_ffffn);
  assertEquals(timers(), before);
});
