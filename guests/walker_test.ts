import { assertEquals, assertThrows } from "@std/assert";
import { GuestMemory } from "../kvm/guest_memory.ts";
import type { WrmsrExit } from "../kvm/msr_exit.ts";
import { assemble } from "./asm/mod.ts";
import { ACCESS, ACCESS_SIZE, LAYOUT, WINDOW_SIZE } from "./protocol.ts";
import {
  accessAtHand,
  type MsrAccess,
  readOutcomes,
  WALK_CAPACITY,
  walker,
  writeAccesses,
} from "./walker.ts";

const CODE = assemble(walker, {
  base: LAYOUT.code,
  symbols: { finish: LAYOUT.stubs, list: LAYOUT.list },
});

function window(): GuestMemory {
  const memory = new GuestMemory(() => {});
  memory.add({ slot: 0, gpa: 0, size: WINDOW_SIZE });
  return memory;
}

const ACCESSES: readonly MsrAccess[] = [
  { kind: "read", index: 0xffff_ffff },
  { kind: "write", index: 0x174, value: 2n ** 64n - 1n },
  { kind: "read", index: 1, forcedEmulation: true },
  { kind: "write", index: 2, forcedEmulation: true },
];

Deno.test("writeAccesses() chains each access to its operation, and the end behind them", () => {
  const memory = window();
  memory.bytes(LAYOUT.list, WINDOW_SIZE - LAYOUT.list).fill(0x55);
  writeAccesses(memory, 0, CODE, ACCESSES);
  const view = memory.view(LAYOUT.list, 5 * ACCESS_SIZE);
  const operations = [0, 1, 2, 3, 4].map((i) => view.getBigUint64(i * ACCESS_SIZE, true));
  const labels = ["read", "write", "emulated_read", "emulated_write", "end"];
  assertEquals(operations, labels.map((label) => BigInt(CODE.symbol(label))));
  assertEquals(view.getUint32(ACCESS.index, true), 0xffff_ffff);
  assertEquals(view.getBigUint64(ACCESS_SIZE + ACCESS.value, true), 2n ** 64n - 1n);
  assertEquals(view.getBigUint64(3 * ACCESS_SIZE + ACCESS.value, true), 0n);
  memory.close();
});

Deno.test("writeAccesses() fills the list to its last entry and no further", () => {
  const memory = window();
  const access: MsrAccess = { kind: "read", index: 0x10 };
  writeAccesses(memory, 0, CODE, new Array(WALK_CAPACITY).fill(access));
  const end = LAYOUT.list + WALK_CAPACITY * ACCESS_SIZE;
  assertEquals(memory.view(end, 8).getBigUint64(0, true), BigInt(CODE.symbol("end")));
  const more = new Array(WALK_CAPACITY + 1).fill(access);
  assertThrows(() => writeAccesses(memory, 0, CODE, more), RangeError, `holds ${WALK_CAPACITY}`);
  memory.close();
});

Deno.test("writeAccesses() refuses an index of over 32 and a value of over 64 bits", () => {
  const memory = window();
  for (
    const wrong of [
      { index: -1 },
      { index: 2 ** 32 },
      { index: 0.5 },
      { index: NaN },
      { index: 0, value: -1n },
      { index: 0, value: 2n ** 64n },
    ]
  ) {
    const access: MsrAccess = { kind: "write", ...wrong };
    assertThrows(() => writeAccesses(memory, 0, CODE, [access]), RangeError, "Cannot walk to MSR");
  }
  memory.close();
});

Deno.test("readOutcomes() gives value, nothing or fault, and the exit, for each access", () => {
  const memory = window();
  writeAccesses(memory, 0, CODE, ACCESSES);
  const view = memory.view(LAYOUT.list, 4 * ACCESS_SIZE);
  view.setBigUint64(ACCESS.value, 0x1122_3344_5566_7788n, true);
  view.setUint32(3 * ACCESS_SIZE + ACCESS.faulted, 1, true);
  view.setBigUint64(3 * ACCESS_SIZE + ACCESS.rip, 0xc0den, true);
  const exit = { name: "X86_WRMSR" } as WrmsrExit;
  const outcomes = readOutcomes(memory, 0, ACCESSES, [undefined, exit]);
  assertEquals(outcomes.map(({ access }) => access), [...ACCESSES]);
  assertEquals(outcomes.map(({ value }) => value), [
    0x1122_3344_5566_7788n,
    undefined,
    0n,
    undefined,
  ]);
  assertEquals(outcomes.map(({ fault }) => fault), [
    undefined,
    undefined,
    undefined,
    { errorCode: 0, rip: 0xc0den },
  ]);
  assertEquals(outcomes.map((outcome) => outcome.exit), [undefined, exit, undefined, undefined]);
  memory.close();
});

Deno.test("writeAccesses() forgets the faults of the list before", () => {
  const memory = window();
  memory.bytes(LAYOUT.list, 4 * ACCESS_SIZE).fill(0xff);
  writeAccesses(memory, 0, CODE, ACCESSES);
  assertEquals(readOutcomes(memory, 0, ACCESSES, []).map(({ fault }) => fault === undefined), [
    true,
    true,
    true,
    true,
  ]);
  memory.close();
});

Deno.test("accessAtHand() is the entry that RSI points to", () => {
  const first = BigInt(WINDOW_SIZE + LAYOUT.list);
  assertEquals(accessAtHand(WINDOW_SIZE, first), 0);
  assertEquals(accessAtHand(WINDOW_SIZE, first + 7n * BigInt(ACCESS_SIZE)), 7);
});

Deno.test("walker has a prefix before every access when emulation is forced, and nowhere two", () => {
  const code = assemble(walker, {
    base: LAYOUT.code,
    symbols: { finish: LAYOUT.stubs, list: LAYOUT.list },
    forcedEmulation: true,
  });
  const hex = code.bytes.toHex();
  for (const label of ["read", "write", "emulated_read", "emulated_write"]) {
    const at = (code.symbol(`${label}_msr`) - code.base) * 2;
    const opcode = label.endsWith("read") ? "0f32" : "0f30";
    assertEquals(hex.slice(at - 10, at + 4), `0f0b6b766d${opcode}`, label);
  }
  assertEquals(hex.match(/0f0b6b766d/g)?.length, 4);
});
