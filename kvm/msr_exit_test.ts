import { assertEquals, assertThrows } from "@std/assert";
import { KVM_RUN } from "./abi/kvm_run.ts";
import { ClosedError } from "./errors.ts";
import { RdmsrExit, WrmsrExit } from "./msr_exit.ts";
import { RunPage } from "./run_page.ts";
import { Mapping, PAGE_SIZE } from "./sys/mapping.ts";

/** A page that holds an MSR exit, with bytes of 0x55 around it. */
function makePage(reason = 4): RunPage {
  const page = new RunPage(Mapping.memory(3 * PAGE_SIZE));
  new Uint8Array(page.view.buffer).fill(0x55);
  KVM_RUN.write(page.view, {
    "msr.error": 0,
    "msr.reason": reason,
    "msr.index": 0xc000_0080,
    "msr.data": 0x1122_3344_5566_7788n,
  });
  return page;
}

/** Bytes 24 to 63 of `kvm_run`: the MSR's part of the union and what surrounds it. */
function around(page: RunPage): string {
  return new Uint8Array(page.view.buffer, 24, 40).toHex();
}

const BEFORE = "5555555555555555";
const HEAD = "04000000800000c0";
const REST = "8877665544332211" + "5555555555555555";

Deno.test("RdmsrExit() and WrmsrExit() read index, reason and data", () => {
  const page = makePage(5);
  for (const exit of [new RdmsrExit(page), new WrmsrExit(page)]) {
    assertEquals(exit.index, 0xc000_0080);
    assertEquals([exit.reasons, exit.reasonMask], [["inval", "filter"], 5]);
    assertEquals([exit.data, exit.answer], [0x1122_3344_5566_7788n, undefined]);
  }
  page.close();
});

Deno.test("RdmsrExit() keeps reason bits without a name", () => {
  const page = makePage(0x8000_000c);
  const exit = new RdmsrExit(page);
  assertEquals([exit.reasons, exit.reasonMask], [["filter", "0x80000008"], 0x8000_000c]);
  assertEquals(`${exit}`, "KVM_EXIT_X86_RDMSR (29) EFER (0xc0000080) reason filter+0x80000008");
  page.close();
});

Deno.test("supply() writes the value and no error, and nothing else", () => {
  const page = makePage();
  new RdmsrExit(page).supply(0xffff_ffff_0000_0001n);
  const value = "01000000ffffffff" + "5555555555555555";
  assertEquals(around(page), BEFORE + "00" + "55555555555555" + HEAD + value);
  page.close();
});

Deno.test("refuse() writes one byte and leaves index, reason and data", () => {
  const page = makePage();
  new RdmsrExit(page).refuse();
  assertEquals(around(page), BEFORE + "01" + "55555555555555" + HEAD + REST);
  new WrmsrExit(page).refuse(255);
  assertEquals(around(page), BEFORE + "ff" + "55555555555555" + HEAD + REST);
  page.close();
});

Deno.test("acknowledge() clears the error and leaves the data", () => {
  const page = makePage();
  const exit = new WrmsrExit(page);
  exit.refuse(7);
  exit.acknowledge();
  assertEquals(around(page), BEFORE + "00" + "55555555555555" + HEAD + REST);
  assertEquals(exit.answer, { kind: "acknowledge" });
  page.close();
});

Deno.test("supply() after refuse() takes the refusal back, and the other way round", () => {
  const page = makePage();
  const exit = new RdmsrExit(page);
  exit.refuse(2);
  assertEquals(exit.answer, { kind: "refuse", error: 2 });
  exit.supply(3n);
  assertEquals(exit.answer, { kind: "value", value: 3n });
  assertEquals([page.view.getUint8(32), page.view.getBigUint64(48, true)], [0, 3n]);
  exit.refuse();
  assertEquals(page.view.getUint8(32), 1);
  page.close();
});

Deno.test("refuse() takes a byte other than zero", () => {
  const page = makePage();
  const exit = new WrmsrExit(page);
  for (const error of [0, 256, -1, 1.5, NaN]) {
    assertThrows(() => exit.refuse(error), RangeError, `error ${error}: the byte must be 1 to 255`);
  }
  assertEquals([exit.answer, page.view.getUint8(32)], [undefined, 0]);
  page.close();
});

Deno.test("supply() takes 64 unsigned bits", () => {
  const page = makePage();
  const exit = new RdmsrExit(page);
  for (const value of [-1n, 2n ** 64n]) {
    assertThrows(() => exit.supply(value), RangeError, `${value}: an MSR has 64 bits`);
  }
  assertEquals(exit.answer, undefined);
  exit.supply(2n ** 64n - 1n);
  assertEquals(page.view.getBigUint64(48, true), 2n ** 64n - 1n);
  page.close();
});

Deno.test("an answer is refused once the vCPU has been entered again, and not recorded", () => {
  const page = makePage();
  const [read, write] = [new RdmsrExit(page), new WrmsrExit(page)];
  page.entries++;
  const before = around(page);
  for (const answer of [() => read.supply(1n), () => read.refuse(), () => write.acknowledge()]) {
    assertThrows(answer, Error, "Cannot answer the MSR exit: the vCPU has been entered again");
  }
  assertEquals([read.answer, write.answer, around(page)], [undefined, undefined, before]);
  page.close();
});

Deno.test("an answer is refused once the vCPU is closed", () => {
  const page = makePage();
  const [read, write] = [new RdmsrExit(page), new WrmsrExit(page)];
  page.close();
  for (const answer of [() => read.supply(1n), () => read.refuse(), () => write.acknowledge()]) {
    assertThrows(answer, ClosedError);
  }
  assertEquals([read.answer, write.answer], [undefined, undefined]);
});
