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

Deno.test("RunPage.close() unmaps the region once others are out of it", () => {
  const page = new RunPage(Mapping.memory(PAGE_SIZE));
  let calls = 0;
  page.beforeClose = () => {
    calls++;
    throw new Error("Still in it");
  };
  assertThrows(() => page.close(), Error, "Still in it");
  page.view.getUint8(0);
  page.beforeClose = () => {
    calls++;
  };
  page.close();
  page.close();
  assertEquals(calls, 2);
  assertThrows(() => page.view, ClosedError);
});

Deno.test("RunPage.obstacle() is another thread that runs the vCPU", () => {
  const page = new RunPage(Mapping.memory(PAGE_SIZE));
  assertEquals(page.obstacle(), undefined);
  page.runsElsewhere = true;
  assertEquals(page.obstacle(), "the vCPU runs on another thread, stop it first");
  page.close();
});

Deno.test("kvmRunOffset() finds a member by its C path and refuses others", () => {
  assertEquals(["immediate_exit", "msr.index", "s.regs"].map(kvmRunOffset), [1, 44, 304]);
  assertThrows(() => kvmRunOffset("msr.indx"), RangeError, '"msr.indx"');
});
