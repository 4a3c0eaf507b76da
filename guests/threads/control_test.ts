import { assertEquals } from "@std/assert";
import { Control } from "./control.ts";

Deno.test("Control.take() gives the vCPU to the thread until it gives it back", () => {
  const owner = new Control();
  const thread = new Control(owner.buffer);
  assertEquals(thread.take(), true);
  assertEquals([owner.withdraw(), thread.take()], [false, false]);
  thread.giveBack();
  assertEquals(thread.take(), true);
});

Deno.test("Control.withdraw() is for good", () => {
  const owner = new Control();
  const thread = new Control(owner.buffer);
  assertEquals([owner.withdraw(), owner.withdraw()], [true, true]);
  assertEquals(thread.take(), false);
});

Deno.test("Control.withdrawFromDead() takes the vCPU from a thread that has it", () => {
  const owner = new Control();
  new Control(owner.buffer).take();
  owner.withdrawFromDead();
  assertEquals(owner.withdraw(), true);
});

Deno.test("Control.waitForReturn() returns at once when the thread has not the vCPU", () => {
  new Control().waitForReturn(60_000);
});

Deno.test("Control.count() is seen on the other side, each kind by itself", () => {
  const owner = new Control();
  const thread = new Control(owner.buffer);
  thread.count("rdmsr");
  thread.count("rdmsr");
  thread.count("wrmsr");
  assertEquals(owner.answered, { rdmsr: 2, wrmsr: 1 });
  assertEquals(thread.take(), true);
});
