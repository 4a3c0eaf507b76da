/**
 * What this process holds while VMs come and go.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { guest, type Kvm, Session, takeCensus } from "@trapline/trapline";
import { asked } from "../tests/support/asked.ts";
import { collectGarbage } from "../tests/support/collect_garbage.ts";
import { kvmTest } from "../tests/support/kvm_testing.ts";
import { readDirectory, readTextFile } from "./sys/proc.ts";

/** VMs to make; fewer on an emulated processor. */
const COUNT = Deno.env.has("TRAPLINE_SANDBOX") ? 1000 : 10_000;
/** They are made in so many rounds, which are held against each other. */
const ROUNDS = 5;
/** Every so often a VM gets a filter, and a guest that meets it. */
const SESSION_EVERY = 20;

const MSR = 0x174;

/** What the process holds, KVM's or not. */
interface Held {
  readonly fds: number;
  readonly mappings: number;
  /** V8's heap, without garbage. */
  readonly heapKib: number;
  /** Resident memory beside the heap. */
  readonly residentKib: number;
}

function held(): Held {
  collectGarbage();
  const heapKib = Deno.memoryUsage().heapTotal / 1024;
  const resident = /^VmRSS:\s+(\d+)/m.exec(readTextFile("/proc/self/status"))![1];
  return {
    heapKib,
    fds: readDirectory("/proc/self/fd").length,
    mappings: readTextFile("/proc/self/maps").split("\n").length,
    residentKib: Number(resident) - heapKib,
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

/** What `rounds` rounds of `count` VMs each add to what the process holds: the median of each. */
function growth(
  kvm: Kvm,
  rounds: number,
  count: number,
): Pick<Held, "mappings" | "residentKib"> {
  const levels = [held()];
  for (let i = 0; i < rounds; i++) {
    makeAndClose(kvm, count);
    levels.push(held());
  }
  const median = (of: keyof Held): number =>
    levels.slice(1).map((level, i) => level[of] - levels[i]![of])
      .toSorted((a, b) => a - b)[rounds >> 1]!;
  return { mappings: median("mappings"), residentKib: median("residentKib") };
}

kvmTest(
  `${COUNT.toLocaleString("en")} VMs do not let descriptors, mappings or resident memory grow`,
  ({ kvm }) => {
    makeAndClose(kvm, 500);
    const before = takeCensus();
    const { fds, heapKib } = held();
    const round = COUNT / ROUNDS;
    const grown = growth(kvm, ROUNDS, round);
    const after = held();
    const heap = after.heapKib - heapKib;
    const text = `${round} VMs add ${JSON.stringify(grown)}, all of them ${heap} KiB of heap`;
    assertEquals([after.fds, takeCensus()], [fds, before], text);
    // KVM's own are counted above. V8 takes mappings and memory for code meanwhile, in some rounds
    // and not in others; what is lost with VMs is lost in every round: a mapping with every
    // hundredth, a page with every third, or a KiB of heap with each, would show.
    assert(grown.mappings < round / 100, text);
    assert(grown.residentKib < round, text);
    assert(heap < COUNT, text);
  },
  { requires: [asked] },
);
