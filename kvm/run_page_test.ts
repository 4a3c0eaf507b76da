import { assertEquals, assertThrows } from "@std/assert";
import { ClosedError } from "./errors.ts";
import { kvmRunOffset, RunPage } from "./run_page.ts";
import { Mapping, PAGE_SIZE } from "./sys/mapping.ts";

Deno.test("RunPage.view shows all bytes of the region, until it is closed", () => {
  const page = new RunPage(Mapping.memory(3 * PAGE_SIZE));
  const { view } = page;
  assertEquals(view.byteLength, 3 * PAGE_SIZE);
  page.close();
  assertThrows(() => page.view, ClosedError, "Cannot use kvm_run: the vCPU is closed");
  assertThrows(() => view.getUint8(0), TypeError);
});

Deno.test("RunPage.assertStill() throws after another entry", () => {
  const page = new RunPage(Mapping.memory(PAGE_SIZE));
  page.assertStill(0, "answer");
  page.entries++;
  assertThrows(() => page.assertStill(0, "answer"), Error, "Cannot answer: the vCPU has been");
  page.assertStill(1, "answer");
  page.close();
});

Deno.test("kvmRunOffset() finds a member by its C path and refuses others", () => {
  assertEquals(["immediate_exit", "msr.index", "s.regs"].map(kvmRunOffset), [1, 44, 304]);
  assertThrows(() => kvmRunOffset("msr.indx"), RangeError, '"msr.indx"');
});
