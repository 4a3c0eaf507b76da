/**
 * The kernel's own memory, by its count of what its allocator holds.
 *
 * @module
 */
import { readTextFile } from "../../kvm/sys/proc.ts";

/**
 * KiB in slabs that the kernel cannot give back of itself, on this whole machine
 * (proc(5), `SUnreclaim` of `/proc/meminfo`).
 */
export function slabKib(): number {
  const [, kib] = /^SUnreclaim:\s+(\d+) kB$/m.exec(readTextFile("/proc/meminfo")) ?? [];
  if (kib === undefined) throw new Error("Cannot find SUnreclaim in /proc/meminfo");
  return Number(kib);
}

/**
 * By how many KiB those slabs grow while `body` runs. Others make and free such
 * memory too, so it runs again, up to `tries` times, while they grow by more
 * than `allowed`: what leaks leaks each time.
 */
export function slabGrowth(body: () => void, allowed: number, tries: number): number {
  let least = Infinity;
  for (let i = 0; i < tries && least > allowed; i++) {
    const before = slabKib();
    body();
    least = Math.min(least, slabKib() - before);
  }
  return least;
}
