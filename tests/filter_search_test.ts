import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encodeRawMsrFilter, IOCTL, type RawMsrFilter } from "@trapline/trapline";
import {
  disagreementAsTest,
  FilterSearch,
  type FilterTrial,
  findDisagreement,
  formatDisagreement,
} from "@trapline/trapline/oracle";
import { isKnownToDeviate } from "./support/known_to_deviate.ts";
import { kvmTest } from "./support/kvm_testing.ts";
import { forcesEmulation } from "./support/requirements.ts";

const FILTERS = 4;
const ACCESSES = 3000;

function assertNothingFound(search: FilterSearch, forcedEmulation: boolean): void {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;
  const found = findDisagreement(search, { seed, filters: FILTERS, forcedEmulation });
  const how = forcedEmulation ? " --emulated" : "";
  const repeat = `To repeat: deno task fuzz --seed ${seed} --filters ${FILTERS}${how}`;
  assertEquals(found, undefined, found && `${formatDisagreement(found)}\n${repeat}`);
}

kvmTest("findDisagreement() finds none under random filters on this KVM", ({ kvm }) => {
  using search = new FilterSearch(kvm, { accesses: ACCESSES, except: isKnownToDeviate });
  assertNothingFound(search, false);
});

kvmTest("findDisagreement() finds none when KVM's emulator performs the accesses", ({ kvm }) => {
  using search = new FilterSearch(kvm, { accesses: ACCESSES, except: isKnownToDeviate });
  assertNothingFound(search, true);
}, { requires: [forcesEmulation] });

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

kvmTest("disagreementAsTest() writes the filter, the access and what was seen", ({ kvm }) => {
  using search = new FilterSearch(kvm, { accesses: ACCESSES });
  const trial: FilterTrial = {
    filter: withFirst({ nmsrs: 0x7f }),
    reasons: ["filter"],
    forcedEmulation: false,
    seed: 1,
  };
  search.compare(trial);
  const found = search.compareInForce({ ...trial, filter: DEFECTS["there is no filter"]! });
  assert(found !== undefined);
  const source = disagreementAsTest({ ...found, trial });
  for (const part of ["Kvm.open()", "nmsrs: 0x7f, base: 0x2000", "fill(0xff)", "// Seen: KVM_EX"]) {
    assertStringIncludes(source, part);
  }
});
