/**
 * What this process holds while VMs come and go.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { asked } from "../tests/support/asked.ts";
import { kvmTest } from "../tests/support/kvm_testing.ts";
import { readDirectory, readTextFile } from "./sys/proc.ts";

/** What the process holds, KVM's or not. */
function held(): { fds: number; mappings: number; residentKib: number } {
  return {
    fds: readDirectory("/proc/self/fd").length,
    mappings: readTextFile("/proc/self/maps").split("\n").length,
    residentKib: Number(/^VmRSS:\s+(\d+)/m.exec(readTextFile("/proc/self/status"))![1]),
  };
}

kvmTest("10,000 VMs do not let descriptors, mappings or resident memory grow", ({ kvm }) => {
  const makeAndClose = (count: number): void => {
    for (let i = 0; i < count; i++) {
      using vm = kvm.createVm();
      vm.memory.add({ slot: 0, gpa: 0, size: 0x10000 });
      vm.createVcpu();
    }
  };
  makeAndClose(500);
  const before = held();
  makeAndClose(10_000);
  const after = held();
  const text = JSON.stringify({ before, after });
  assertEquals(after.fds, before.fds, text);
  // V8 takes and gives mappings and memory of its own; one page a VM would be 40,000 KiB.
  assert(after.mappings - before.mappings < 1000, text);
  assert(after.residentKib - before.residentKib < 20_000, text);
}, { requires: [asked] });
