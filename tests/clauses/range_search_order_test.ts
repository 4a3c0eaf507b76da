/**
 * In which order the ranges of a filter are searched, and which slots are
 * passed over.
 *
 * @module
 */
import {
  HostMemory,
  type Kvm,
  KVM_MSR_FILTER_READ,
  KVM_MSR_FILTER_WRITE,
  Msr,
  type MsrAccessKind,
  type MsrFilterSpec,
  type MsrRange,
  type Session,
  type Vm,
} from "@trapline/trapline";
import { assertVerdicts, type Verdict, verdicts } from "../support/assert_verdicts.ts";
import { bootWalker } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { KNOWN_EVERYWHERE } from "../support/msr_space.ts";
import {
  allowing,
  assertAccepted,
  BOTH,
  denying,
  HOLE,
  type RawRange,
  setRawFilter,
  slots,
} from "../support/raw_filter.ts";

type Word = "allow" | "deny";

const KNOWN = KNOWN_EVERYWHERE.map(({ index }) => index);
/** Known and unknown MSRs, in both ranges of the hardware's bitmaps and outside them. */
const PROBES = [...KNOWN, 0x1fff, 0x2000, 0x474f_4f00];
const DEFAULTS = ["allow", "deny"] as const;

function single(word: Word, base: number, kind: MsrAccessKind = "read-write"): MsrRange {
  return word === "deny" ? { base, count: 1, deny: kind } : { base, count: 1, allow: kind };
}

function filteringGuest(kvm: Kvm): { vm: Vm; session: Session } & Disposable {
  const vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  return { vm, session: bootWalker(vm), [Symbol.dispose]: () => vm.close() };
}

function assertFilter({ vm, session }: { vm: Vm; session: Session }, spec: MsrFilterSpec) {
  return (what: string, wanted: readonly Verdict[]): void => {
    vm.setMsrFilter(spec);
    assertVerdicts(session, `${what}, default ${spec.default}`, wanted);
  };
}

clause("X-01", "the first range that matches decides, whatever later ranges say", ({ kvm }) => {
  using guest = filteringGuest(kvm);
  for (const round of [0, 1]) {
    // The first of a pair in slots 0 to 7, the second in 15 to 8: far apart and side by side.
    const first = (i: number): Word => (i + round) % 2 === 0 ? "deny" : "allow";
    const second = (i: number): Word => first(i) === "deny" ? "allow" : "deny";
    const ranges = [
      ...PROBES.map((index, i) => single(first(i), index)),
      ...PROBES.map((index, i) => single(second(i), index)).reverse(),
    ];
    const wanted = PROBES.map((index, i): Verdict => ({
      index,
      denied: first(i) === "deny" ? "read-write" : "neither",
    }));
    for (const unmatched of DEFAULTS) {
      assertFilter(guest, { default: unmatched, ranges })(`pairs of one MSR ${round}`, wanted);
    }
  }
  const overlapping: MsrRange[] = [
    single("allow", 0x2010),
    { base: 0x2000, count: 0x100, deny: "read-write" },
    { base: 0x2200, count: 0x100, deny: "read-write" },
    single("allow", 0x2210),
    { base: 0x2400, count: 0x40, deny: "read-write" },
    { base: 0x2420, count: 0x40, allow: "read-write" },
    { base: 0xc000_0080, count: 0x90, allow: "read-write" },
    { base: Msr.KERNEL_GS_BASE, count: 1, deny: "read-write" },
    single("allow", 0x2010),
    single("deny", 0x2010),
  ];
  assertFilter(guest, { default: "deny", ranges: overlapping })("overlapping ranges", [
    ...verdicts("neither", [0x2010, 0x2440, 0x245f, Msr.KERNEL_GS_BASE, Msr.SYSCALL_MASK]),
    ...verdicts("read-write", [0x200f, 0x2011, 0x220f, 0x2210, 0x241f, 0x2420, 0x243f, 0x2460]),
  ]);
});

const SKIPPING: readonly { slots: [MsrRangeWords, MsrRangeWords]; denied: MsrAccessKind }[] = [
  { slots: [["allow", "read"], ["deny", "read-write"]], denied: "write" },
  { slots: [["allow", "write"], ["deny", "read-write"]], denied: "read" },
  { slots: [["deny", "read"], ["allow", "read-write"]], denied: "read" },
  { slots: [["deny", "write"], ["allow", "read-write"]], denied: "write" },
  { slots: [["deny", "read"], ["allow", "write"]], denied: "read" },
  { slots: [["deny", "write"], ["allow", "read"]], denied: "write" },
  { slots: [["allow", "read"], ["deny", "write"]], denied: "write" },
  { slots: [["allow", "write"], ["deny", "read"]], denied: "read" },
];
type MsrRangeWords = readonly [Word, MsrAccessKind];

clause(
  "X-02",
  "a range that does not govern the kind of access is passed over, and the search goes on",
  ({ kvm }) => {
    using guest = filteringGuest(kvm);
    for (const probes of [PROBES, PROBES.toReversed()]) {
      const at = (which: 0 | 1): MsrRange[] =>
        SKIPPING.map(({ slots }, i) => single(slots[which][0], probes[i]!, slots[which][1]));
      const wanted = SKIPPING.map(({ denied }, i) => ({ index: probes[i]!, denied }));
      const ranges = [...at(0), ...at(1)];
      for (const unmatched of DEFAULTS) {
        assertFilter(guest, { default: unmatched, ranges })("READ and WRITE in turn", wanted);
      }
    }
  },
);

clause("X-03", "a slot without MSRs is a hole: the slots after it still count", ({ kvm }) => {
  using guest = filteringGuest(kvm);
  const install = (what: string, flags: number, ranges: RawRange[]): void =>
    assertAccepted(setRawFilter(guest.vm, { flags, ranges }), what);
  for (let slot = 0; slot < 16; slot++) {
    const [index, other] = [PROBES[slot % 8]!, PROBES[(slot + 1) % 8]!];
    const what = `a range in slot ${slot} alone`;
    if (slot % 2 === 1) {
      install(what, 0, slots({ [slot]: denying(index) }));
      assertVerdicts(guest.session, what, [
        { index, denied: "read-write" },
        { index: other, denied: "neither" },
      ]);
    } else {
      install(what, 1, slots({ [slot]: allowing(index) }));
      assertVerdicts(guest.session, `${what}, default deny`, [
        { index, denied: "neither" },
        { index: other, denied: "read-write" },
      ]);
    }
  }
  for (const first of [0, 1]) {
    const what = `holes in every other slot from ${1 - first}`;
    const ranges = PROBES.flatMap((index) =>
      first === 0 ? [denying(index), HOLE] : [HOLE, denying(index)]
    );
    install(what, 0, ranges);
    assertVerdicts(guest.session, what, [
      ...verdicts("read-write", PROBES),
      ...verdicts("neither", [0x0, 0x3000]),
    ]);
  }
});

clause("X-04", "a slot without MSRs is not looked at, whatever else it holds", ({ kvm }) => {
  using guest = filteringGuest(kvm);
  using memory = HostMemory.allocate(1);
  const [real, ...others] = [Msr.KERNEL_GS_BASE, Msr.IA32_PAT, Msr.SYSCALL_MASK, 0x2000];
  const bitmaps = [0n, memory.address, memory.end, 1n << 63n, 0xffff_ffff_ffff_ffffn];
  const flags = [0, 3, 0x8000_0000, 0xffff_ffff];
  for (const [i, slot] of [0, 7, 15, 7].entries()) {
    for (const [unmatched, range] of [denying(real!), allowing(real!)].entries()) {
      const ranges = Array.from({ length: 16 }, (_, at): RawRange =>
        at === slot ? range : {
          flags: flags[(at + i) % 4]!,
          nmsrs: 0,
          base: at % 5 === 4 ? 0xffff_ffff : [real!, ...others][at % 5]!,
          bitmap: bitmaps[at % 5]!,
        });
      const what = `garbage around slot ${slot}, filter flags ${unmatched}`;
      assertAccepted(setRawFilter(guest.vm, { flags: unmatched, ranges }), what);
      assertVerdicts(guest.session, what, [
        { index: real!, denied: unmatched === 0 ? "read-write" : "neither" },
        ...verdicts(unmatched === 0 ? "neither" : "read-write", others),
      ]);
    }
  }
  // Behind a slot without MSRs each range keeps its own flags, length and bitmap.
  const ranges = slots({
    1: denying(Msr.IA32_PAT, 1, KVM_MSR_FILTER_READ),
    2: denying(real!, 1, KVM_MSR_FILTER_WRITE),
    4: { flags: BOTH, nmsrs: 3, base: 0x2000, bitmap: Uint8Array.of(0b101, 0, 0, 0, 0, 0, 0, 0) },
    6: denying(Msr.SYSCALL_MASK),
  });
  assertAccepted(setRawFilter(guest.vm, { flags: 0, ranges }), "ranges that differ, and holes");
  assertVerdicts(guest.session, "ranges that differ, and holes", [
    { index: Msr.IA32_PAT, denied: "read" },
    { index: real!, denied: "write" },
    ...verdicts("read-write", [0x2001, Msr.SYSCALL_MASK]),
    ...verdicts("neither", [0x2000, 0x2002]),
  ]);
  const garbage = { flags: 0xffff_ffff, nmsrs: 0, base: real!, bitmap: 0n };
  assertAccepted(setRawFilter(guest.vm, { flags: 0, ranges: slots({}, garbage) }), "garbage alone");
  assertVerdicts(guest.session, "garbage alone", verdicts("neither", [real!, ...others]));
});
