import { assertEquals, assertThrows } from "@std/assert";
import { KVM_STATS_DESC, KVM_STATS_HEADER } from "./abi/stats.ts";
import { SystemError } from "./errors.ts";
import { readStats } from "./stats.ts";
import { openFd } from "./sys/fd.ts";
import { cString, libc } from "./sys/libc.ts";
import { Mapping } from "./sys/mapping.ts";
import { readLink } from "./sys/proc.ts";

const NAME_SIZE = 16;
const ROOM = 4096;

/** A file of statistics with descriptors at 64 and data at 512, cut to `size` bytes. */
function makeFile(
  stats: readonly (readonly [name: string, offset: number, values: readonly bigint[]])[],
  size = ROOM,
): number {
  const fd = libc().memfd_create(cString("stats"), 1);
  libc().ftruncate(fd, BigInt(ROOM));
  {
    using mapping = Mapping.ofFd(fd, ROOM);
    const view = new DataView(mapping.buffer);
    KVM_STATS_HEADER.write(view, {
      name_size: NAME_SIZE,
      num_desc: stats.length,
      desc_offset: 64,
      data_offset: 512,
    });
    stats.forEach(([name, offset, values], i) => {
      const at = 64 + i * (KVM_STATS_DESC.size + NAME_SIZE);
      KVM_STATS_DESC.write(view, { size: values.length, offset }, at);
      new Uint8Array(mapping.buffer).set(cString(name), at + KVM_STATS_DESC.size);
      values.forEach((value, k) => view.setBigUint64(512 + offset + 8 * k, value, true));
    });
  }
  libc().ftruncate(fd, BigInt(size));
  return fd;
}

Deno.test("readStats() reads each value where its descriptor says, and closes the file", () => {
  const fd = makeFile([["exits", 0, [7n]], ["halt_poll_hist", 16, [1n, 2n, 2n ** 64n - 1n]]]);
  const stats = readStats(fd);
  assertEquals([...stats], [["exits", [7n]], ["halt_poll_hist", [1n, 2n, 2n ** 64n - 1n]]]);
  assertEquals(readLink(`/proc/self/fd/${fd}`), undefined);
});

Deno.test("readStats() refuses a file that ends too soon, and closes it", () => {
  const fd = makeFile([["exits", 0, [7n]]], 515);
  assertThrows(() => readStats(fd), RangeError, "3 of 8 bytes");
  assertEquals(readLink(`/proc/self/fd/${fd}`), undefined);
});

Deno.test("readStats() names the call that fails, and closes the file", () => {
  const fd = openFd("/proc", 0);
  const error = assertThrows(() => readStats(fd), SystemError);
  assertEquals([error.call, error.errnoName], ["pread", "EISDIR"]);
  assertEquals(readLink(`/proc/self/fd/${fd}`), undefined);
});
