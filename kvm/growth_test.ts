/**
 * What this process holds while VMs come and go.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { guest, type Kvm, Session, takeCensus } from "@trapline/trapline";
import { asked } from "../tests/support/asked.ts";
import { kvmTest } from "../tests/support/kvm_testing.ts";
import { readDirectory, readTextFile } from "./sys/proc.ts";

/** VMs to make; fewer on an emulated processor. */
const COUNT = Deno.env.has("TRAPLINE_SANDBOX") ? 1000 : 10_000;
/** Every so often a VM gets a filter, and a guest that meets it. */
const SESSION_EVERY = 20;

const MSR = 0x174;

/** What the process holds, KVM's or not. */
function held(): { fds: number; mappings: number; residentKib: number } {
  return {
    fds: readDirectory("/proc/self/fd").length,
    mappings: readTextFile("/proc/self/maps").split("\n").length,
    residentKib: Number(/^VmRSS:\s+(\d+)/m.exec(readTextFile("/proc/self/status"))![1]),
  };
}

function meetFilter(kvm: Kvm): void {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter({ default: "allow", ranges: [{ base: MSR, count: 1, deny: "read" }] });
  const session = Session.boot(vm, guest.rdmsr(MSR));
  assertEquals(session.finish({ onRdmsr: (exit) => exit.supply(7n) }).value, 7n);
}

function makeAndClose(kvm: Kvm, count: number): void {
  for (let i = 0; i < count; i++) {
    if (i % SESSION_EVERY === 0) meetFilter(kvm);
    else {
      using vm = kvm.createVm();
      vm.memory.add({ slot: 0, gpa: 0, size: 0x10000 });
      vm.createVcpu();
    }
  }
}

kvmTest(
  `${COUNT.toLocaleString("en")} VMs do not let descriptors, mappings or resident memory grow`,
  ({ kvm }) => {
    makeAndClose(kvm, 500);
    const [before, census] = [held(), takeCensus()];
    makeAndClose(kvm, COUNT);
    const [after, censusAfter] = [held(), takeCensus()];
    const text = JSON.stringify({ before, after });
    assertEquals([after.fds, censusAfter], [before.fds, census], text);
    // KVM's own are counted above. V8 takes and gives mappings and memory of its own meanwhile: what
    // every hundredth VM lost would show, and of 10,000 a page that every third did.
    assert(after.mappings - before.mappings < COUNT / 100, text);
    assert(after.residentKib - before.residentKib < 2000 + COUNT, text);
  },
  { requires: [asked] },
);
