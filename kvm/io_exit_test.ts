import { assertEquals, assertThrows } from "@std/assert";
import { KVM_RUN } from "./abi/kvm_run.ts";
import { ClosedError } from "./errors.ts";
import { IoExit, MmioExit } from "./io_exit.ts";
import { RunPage } from "./run_page.ts";
import { Mapping, PAGE_SIZE } from "./sys/mapping.ts";

/** Where KVM keeps the data of port I/O: the page behind `struct kvm_run`. */
const DATA = PAGE_SIZE;

function makePage(): RunPage {
  return new RunPage(Mapping.memory(3 * PAGE_SIZE));
}

function portIo(
  page: RunPage,
  direction: "in" | "out",
  size: number,
  data: readonly number[],
): IoExit {
  KVM_RUN.write(page.view, {
    exit_reason: 2,
    "io.direction": direction === "out" ? 1 : 0,
    "io.size": size,
    "io.port": 0x3f8,
    "io.count": data.length / size,
    "io.data_offset": BigInt(DATA),
  });
  new Uint8Array(page.view.buffer).set(data, DATA);
  return new IoExit(page);
}

function memoryIo(page: RunPage, isWrite: boolean, data: readonly number[]): MmioExit {
  KVM_RUN.write(page.view, {
    exit_reason: 6,
    "mmio.phys_addr": 0xfed0_0000n,
    "mmio.data": Uint8Array.of(...data, ...new Array(8 - data.length).fill(0xee)),
    "mmio.len": data.length,
    "mmio.is_write": isWrite ? 1 : 0,
  });
  return new MmioExit(page);
}

Deno.test("IoExit() reads direction, port, size and value of one item", () => {
  const page = makePage();
  for (
    const [data, value] of [[[0x81], 0x81], [[1, 0x82], 0x8201], [
      [1, 2, 3, 0x84],
      0x84030201,
    ]] as const
  ) {
    const exit = portIo(page, "out", data.length, data);
    assertEquals([exit.direction, exit.port, exit.size, exit.count], [
      "out",
      0x3f8,
      data.length,
      1,
    ]);
    assertEquals(exit.value, value);
    assertEquals(exit.data, Uint8Array.from(data));
  }
  page.close();
});

Deno.test("IoExit() reads all items of a string instruction", () => {
  const page = makePage();
  const exit = portIo(page, "out", 2, [1, 2, 3, 4, 5, 6]);
  assertEquals([exit.size, exit.count, exit.value], [2, 3, 0x0201]);
  assertEquals([...exit.data], [1, 2, 3, 4, 5, 6]);
  page.close();
});

Deno.test("IoExit() keeps what it read when the page changes", () => {
  const page = makePage();
  const one = portIo(page, "out", 1, [7]);
  const many = portIo(page, "out", 1, [7, 8]);
  new Uint8Array(page.view.buffer).fill(0);
  page.close();
  assertEquals([one.data[0], ...many.data], [7, 7, 8]);
});

Deno.test("IoExit.supply() puts the bytes where the kernel takes them from", () => {
  const page = makePage();
  portIo(page, "in", 2, [0, 0, 0, 0]).supply(Uint8Array.of(1, 2, 3, 4));
  assertEquals([...new Uint8Array(page.view.buffer, DATA, 5)], [1, 2, 3, 4, 0]);
  page.close();
});

Deno.test("IoExit.supply() refuses a write, and bytes too few or too many", () => {
  const page = makePage();
  assertThrows(() => portIo(page, "out", 1, [0]).supply(Uint8Array.of(1)), TypeError, "writes");
  const exit = portIo(page, "in", 2, [0, 0]);
  assertThrows(() => exit.supply(Uint8Array.of(1)), RangeError, "1 bytes: the guest reads 2");
  assertThrows(() => exit.supply(Uint8Array.of(1, 2, 3)), RangeError, "3 bytes");
  assertEquals(page.view.getUint16(DATA), 0);
  page.close();
});

Deno.test("IoExit.supply() refuses an exit that is over", () => {
  const page = makePage();
  const exit = portIo(page, "in", 1, [0]);
  page.entries++;
  assertThrows(() => exit.supply(Uint8Array.of(1)), Error, "entered again since this exit");
  page.entries--;
  page.close();
  assertThrows(() => exit.supply(Uint8Array.of(1)), ClosedError);
});

Deno.test("IoExit.toString() is one line with the data that was written", () => {
  const page = makePage();
  assertEquals(
    `${portIo(page, "out", 2, [0xab, 1, 2, 3])}`,
    "KVM_EXIT_IO (2) out port 0x3f8 2 x 2 byte data ab 01 02 03",
  );
  assertEquals(
    `${portIo(page, "in", 4, [1, 2, 3, 4])}`,
    "KVM_EXIT_IO (2) in port 0x3f8 1 x 4 byte",
  );
  page.close();
});

Deno.test("MmioExit() reads address, direction and just the bytes accessed", () => {
  const page = makePage();
  const exit = memoryIo(page, true, [1, 2, 3, 4]);
  assertEquals([exit.gpa, exit.isWrite, [...exit.data]], [0xfed0_0000n, true, [1, 2, 3, 4]]);
  assertEquals(
    `${exit}`,
    "KVM_EXIT_MMIO (6) write 01 02 03 04 to GPA 0xfed00000, 4 bytes",
  );
  assertEquals(
    `${memoryIo(page, false, [0, 0])}`,
    "KVM_EXIT_MMIO (6) read of GPA 0xfed00000, 2 bytes",
  );
  page.close();
});

Deno.test("MmioExit.supply() puts the bytes where the kernel takes them from", () => {
  const page = makePage();
  memoryIo(page, false, [0, 0]).supply(Uint8Array.of(0x12, 0x34));
  assertEquals([...new Uint8Array(page.view.buffer, 40, 3)], [0x12, 0x34, 0xee]);
  page.close();
});

Deno.test("MmioExit.supply() refuses a write, wrong lengths and an exit that is over", () => {
  const page = makePage();
  assertThrows(() => memoryIo(page, true, [0]).supply(Uint8Array.of(1)), TypeError, "writes");
  const exit = memoryIo(page, false, [0]);
  assertThrows(() => exit.supply(Uint8Array.of(1, 2)), RangeError, "2 bytes: the guest reads 1");
  page.entries++;
  assertThrows(() => exit.supply(Uint8Array.of(1)), Error, "entered again");
  page.close();
});
