import { assert, assertEquals } from "@std/assert";
import { GuestMemory } from "../kvm/guest_memory.ts";
import { clearReport, formatFault, readReport } from "./observation.ts";
import { LAYOUT, REPORT, WINDOW_SIZE } from "./protocol.ts";

function window(base = 0): GuestMemory {
  const memory = new GuestMemory(() => {});
  memory.add({ slot: 0, gpa: base, size: WINDOW_SIZE });
  return memory;
}

Deno.test("readReport() reads each register from the place that the stubs write", () => {
  const memory = window(WINDOW_SIZE);
  const at = WINDOW_SIZE + LAYOUT.report;
  Object.values(REPORT).forEach((offset, i) =>
    memory.view(at + offset, 8).setBigUint64(0, BigInt(i) << 40n | BigInt(i), true)
  );
  const { regs, fault, value } = readReport(memory, WINDOW_SIZE, false);
  const order = Object.keys(REPORT);
  for (const [name, register] of Object.entries(regs)) {
    assertEquals(register & 0xffn, BigInt(order.indexOf(name)), name);
  }
  assertEquals(Object.keys(regs).length, 17);
  assertEquals(fault, undefined);
  assertEquals(value, BigInt(order.indexOf("rdx")) << 32n | BigInt(order.indexOf("rax")));
  memory.close();
});

Deno.test("readReport() reads the frame of a fault, whatever else is in its slots", () => {
  const memory = window();
  const set = (field: keyof typeof REPORT, value: bigint): void =>
    memory.view(LAYOUT.report + REPORT[field], 8).setBigUint64(0, value, true);
  set("vector", 0xffff_ffff_ffff_fff0n);
  set("errorCode", 0x1_0000_0002n);
  set("rip", 0xffff_8000_0000_1000n);
  set("cs", 0xdead_0033n);
  set("ss", 0xdead_002bn);
  set("cr2", 0x7f00_0000_0000n);
  const { fault } = readReport(memory, 0, true);
  assert(fault !== undefined);
  assertEquals([fault.vector, fault.errorCode, fault.cs, fault.ss], [0xf0, 2, 0x33, 0x2b]);
  assertEquals([fault.rip, fault.cr2], [0xffff_8000_0000_1000n, 0x7f00_0000_0000n]);
  memory.close();
});

Deno.test("clearReport() clears the report and no byte beside it", () => {
  const memory = window();
  memory.bytes(0, WINDOW_SIZE).fill(0x55);
  clearReport(memory, 0);
  const { regs } = readReport(memory, 0, false);
  assert(Object.values(regs).every((value) => value === 0n));
  assertEquals(memory.read(LAYOUT.report - 1, 1)[0], 0x55);
  assertEquals(memory.read(LAYOUT.report + 184, 1)[0], 0x55);
  memory.close();
});

Deno.test("formatFault() names the vector, the error code and the RIP", () => {
  const fault = {
    vector: 13,
    errorCode: 88,
    rip: 0xc00an,
    cs: 8,
    rflags: 2n,
    rsp: 0n,
    ss: 16,
    cr2: 0n,
  };
  assertEquals(formatFault(fault), "#GP (13) error code 88 at RIP 0xc00a");
});
