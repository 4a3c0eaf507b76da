import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encodeRawMsrFilter, IOCTL, Msr, MsrFilter, type RawMsrFilter } from "@trapline/trapline";
import {
  callDisagreementAsTest,
  CallSearch,
  FilterSearch,
  type FilterTrial,
  findCallDisagreement,
  findDisagreement,
  formatDisagreement,
  type RawCall,
  type RawSlot,
} from "@trapline/trapline/oracle";
import { checkOrder } from "./support/check_order.ts";
import { isKnownToDeviate } from "./support/known_to_deviate.ts";
import { kvmTest } from "./support/kvm_testing.ts";
import {
  finishesEmulatedAccesses,
  forcesEmulation,
  reportsUnknownMsrs,
} from "./support/requirements.ts";

const FILTERS = 2;
const SEQUENCES = 5;
/** Accesses under each filter where any filter does. */
const ACCESSES = 3000;

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;
}

function assertNothingFound(search: FilterSearch, forcedEmulation: boolean): void {
  const seed = randomSeed();
  const found = findDisagreement(search, { seed, filters: FILTERS, forcedEmulation });
  const how = forcedEmulation ? " --emulated" : "";
  const repeat = `To repeat: deno task fuzz --seed ${seed} --filters ${FILTERS}${how}`;
  assertEquals(found, undefined, found && `${formatDisagreement(found)}\n${repeat}`);
}

kvmTest("findDisagreement() finds none under random filters on this KVM", ({ kvm }) => {
  // With the accesses of the task, so that it repeats what is found here.
  using search = new FilterSearch(kvm, { except: isKnownToDeviate });
  assertNothingFound(search, false);
});

kvmTest("findDisagreement() finds none when KVM's emulator performs the accesses", ({ kvm }) => {
  // With the accesses of the task, so that it repeats what is found here.
  using search = new FilterSearch(kvm, { except: isKnownToDeviate });
  assertNothingFound(search, true);
}, { requires: [forcesEmulation, finishesEmulatedAccesses] });

kvmTest(
  "findCallDisagreement() finds no raw call taken otherwise than it must",
  ({ kvm, facts }) => {
    const { disagreement } = findCallDisagreement(kvm, {
      seed: randomSeed(),
      sequences: SEQUENCES,
      order: checkOrder(facts),
      except: isKnownToDeviate,
    });
    assertEquals(disagreement, undefined, disagreement && callDisagreementAsTest(disagreement));
  },
);

kvmTest("findCallDisagreement() comes down to one call with one slot", ({ kvm, facts }) => {
  const { bitmapFirst } = checkOrder(facts);
  // With this seed the first sequence has a slot of which both flags and bitmap are wrong.
  const options = { seed: 70, sequences: 60, order: { bitmapFirst: !bitmapFirst } };
  const { disagreement } = findCallDisagreement(kvm, options);
  assert(disagreement !== undefined);
  const { calls, wanted } = disagreement;
  assertEquals(calls.map((call) => "slots" in call ? call.slots.length : 0), [1]);
  assertEquals(wanted, [bitmapFirst ? "EINVAL" : "EFAULT"]);
});

const GOOD: RawSlot = { flags: 3, nmsrs: 8, base: 0x2000, place: "readable", seed: 1 };

function setFilter(flags: number, ...slots: readonly RawSlot[]): RawCall {
  return { name: "X86_SET_MSR_FILTER", flags, slots };
}

kvmTest("CallSearch notices a wrong errno, and what is in force after a call", ({ kvm, facts }) => {
  const order = checkOrder(facts);
  const both = setFilter(0, { ...GOOD, flags: 4, place: "null" });
  {
    using search = new CallSearch(kvm, { order: { bitmapFirst: !order.bitmapFirst } });
    assertStringIncludes(search.compare([both], 1)!.problem, "wanted");
  }
  using search = new CallSearch(kvm, { order, except: isKnownToDeviate });
  assertEquals(search.compare([setFilter(1, GOOD), both], 1), undefined);
  // Behind its back: the filter that it takes to be in force is not.
  search.vm.setMsrFilter(MsrFilter.ALLOW_ALL);
  assertStringIncludes(search.compare([both], 1)!.problem, "after the call");
});

const BITMAP = new Uint8Array(16).fill(0xf0);
const SUBJECT: RawMsrFilter = {
  flags: 0,
  ranges: [
    { flags: 1, nmsrs: 0x80, base: 0x2000, bitmap: BITMAP },
    { flags: 2, nmsrs: 0x40, base: 0x2020, bitmap: new Uint8Array(8).fill(0xff) },
    { flags: 3, nmsrs: 0x80, base: 0x2000, bitmap: new Uint8Array(16) },
  ],
};

function withFirst(change: Partial<RawMsrFilter["ranges"][number]>): RawMsrFilter {
  const [first, ...others] = SUBJECT.ranges;
  return { flags: SUBJECT.flags, ranges: [{ ...first!, ...change }, ...others] };
}

const DEFECTS: Readonly<Record<string, RawMsrFilter>> = {
  "the first range ends one MSR early": withFirst({ nmsrs: 0x7f }),
  "the first range begins one MSR late": withFirst({ base: 0x2001 }),
  "the last range that matches decides": { flags: 0, ranges: SUBJECT.ranges.toReversed() },
  "the first range governs writes in place of reads": withFirst({ flags: 2 }),
  "bit 63 of a bitmap's word is lost": withFirst({
    bitmap: BITMAP.with(7, 0x70),
  }),
  "there is no filter": { flags: 0, ranges: [] },
  "the default is the other one": { ...SUBJECT, flags: 1 },
};

kvmTest("compareInForce() notices each defect of the filter in force", ({ kvm }) => {
  using search = new FilterSearch(kvm, { accesses: ACCESSES });
  const trial: FilterTrial = {
    filter: SUBJECT,
    reasons: ["filter"],
    forcedEmulation: false,
    seed: 1,
  };
  assertEquals(search.compare(trial), undefined, "the subject itself");
  for (const [defect, inForce] of Object.entries(DEFECTS)) {
    const { result } = search.vm.raw(IOCTL.X86_SET_MSR_FILTER, encodeRawMsrFilter(inForce).bytes);
    assertEquals(result, 0, defect);
    assert(search.compareInForce(trial) !== undefined, `not noticed: ${defect}`);
  }
});

kvmTest("compareInForce() notices one MSR that gets past a default of deny", ({ kvm }) => {
  using search = new FilterSearch(kvm, { accesses: ACCESSES, except: isKnownToDeviate });
  const trial: FilterTrial = {
    filter: MsrFilter.DENY_ALL.raw(),
    reasons: ["filter"],
    forcedEmulation: false,
    seed: 1,
  };
  search.vm.enableUserSpaceMsr(["filter"]);
  for (const index of [Msr.IA32_SYSENTER_CS, Msr.STAR]) {
    search.vm.setMsrFilter({
      default: "deny",
      ranges: [{ base: index, count: 1, allow: "write" }],
    });
    assertEquals(search.compareInForce(trial)?.access.index, index);
  }
});

kvmTest("compare() meets every nature that an access can have, within few filters", ({ kvm }) => {
  using search = new FilterSearch(kvm, { accesses: ACCESSES, except: isKnownToDeviate });
  assertEquals(findDisagreement(search, { seed: 1, filters: 3 }), undefined);
  for (const nature of ["supported", "unknown", "invalid", "x2apic"] as const) {
    assert(search.met.has(nature), nature);
  }
}, { requires: [reportsUnknownMsrs] });

kvmTest("compare() goes on after a guest that did not come to its end", ({ kvm }) => {
  using search = new FilterSearch(kvm, { accesses: ACCESSES, except: isKnownToDeviate });
  const { vm } = search;
  const trial: FilterTrial = {
    filter: SUBJECT,
    reasons: ["filter"],
    forcedEmulation: false,
    seed: 1,
  };
  assertEquals(search.compare(trial), undefined);
  // Behind its back: without gates the first #GP is the guest's end.
  const [vcpu] = vm.vcpus;
  vcpu!.setSregs({ ...vcpu!.sregs(), idt: { base: 0n, limit: 0 } });
  assertStringIncludes(
    search.compareInForce(trial)?.got ?? "",
    "the guest ended: KVM_EXIT_SHUTDOWN",
  );
  assert(search.vm !== vm && vm.closed);
  assertEquals(search.compare(trial), undefined);
});
