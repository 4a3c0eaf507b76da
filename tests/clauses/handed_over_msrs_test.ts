/**
 * MSRs that KVM hands to the guest: denied after the guest had them, given
 * back, and denied again.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { formatMsr, type Kvm, MsrFilter, type Session, type Vm } from "@trapline/trapline";
import { bootWalker } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import {
  accessesWithoutExit,
  ALWAYS_HANDED_OVER,
  askNatives,
  assertHandling,
  type Denial,
  filterOf,
  type Natives,
} from "../support/handed_over_msrs.ts";
import {
  askReads,
  assertReadsObey,
  DISABLE_EXITS,
  vmWithout,
} from "../support/handed_over_reads.ts";
import { executesAccesses } from "../support/requirements.ts";

/** Residency in C-states, in C1 apart: `kvm_intel` hands them over when it is asked to. */
const RESIDENCIES: readonly number[] = [0x3fc, 0x3fd, 0x3fe, 0x660];

const NOTHING: Denial = () => "neither";
const KINDS = ["read", "write", "read-write", "neither"] as const;

/** Denials by name, with a filter that denies so. */
const DENIALS: readonly (readonly [name: string, denied: Denial, filter: MsrFilter])[] = [
  ["all denied", () => "read-write", filterOf(() => "read-write")],
  ["reads denied", () => "read", filterOf(() => "read")],
  ["writes denied", () => "write", filterOf(() => "write")],
  ["every MSR another denial", (i) => KINDS[i % 4]!, filterOf((i) => KINDS[i % 4]!)],
  ["denied the other way", (i) => KINDS[(i + 1) % 4]!, filterOf((i) => KINDS[(i + 1) % 4]!)],
  ["denied by default", () => "read-write", MsrFilter.DENY_ALL],
];

/** Guests of one VM, on vCPUs of every age. */
class Guests {
  readonly #natives: Natives;
  readonly #sessions: Session[] = [];
  readonly vm: Vm;
  #which: 0 | 1 = 0;

  constructor(kvm: Kvm, natives: Natives) {
    this.#natives = natives;
    this.vm = kvm.createVm();
    this.vm.enableUserSpaceMsr(["filter"]);
  }

  /** Makes one more vCPU. */
  add(): Session {
    const session = bootWalker(this.vm);
    this.#sessions.push(session);
    return session;
  }

  /** Asserts on every vCPU, the values of the host being others each time. */
  assertEach(when: string, denied: Denial): void {
    this.#which = this.#which === 0 ? 1 : 0;
    for (const session of this.#sessions) {
      const where = `${when}, vCPU ${session.vcpu.id}`;
      assertHandling(session, where, this.#natives, denied, this.#which);
    }
  }

  /** Asserts on a vCPU made just now, and on that one only. */
  assertNewcomer(when: string, denied: Denial): void {
    assertHandling(bootWalker(this.vm), `${when}, a vCPU made then`, this.#natives, denied, 0);
  }

  [Symbol.dispose](): void {
    this.vm.close();
  }
}

clause(
  "X-73",
  "an MSR that the guest had to itself exits once it is denied, and again after it was allowed",
  ({ kvm }) => {
    const natives = askNatives(kvm);
    using guests = new Guests(kvm, natives);
    guests.add();
    guests.assertEach("before any filter", NOTHING);
    guests.add();
    for (const [name, denied, filter] of DENIALS) {
      guests.vm.setMsrFilter(filter);
      guests.assertNewcomer(name, denied);
      guests.assertEach(name, denied);
    }
    guests.add();
    guests.assertEach("denied by default, with a vCPU made after that", () => "read-write");
    for (const [name, denied, filter] of [DENIALS[4]!, DENIALS[0]!, DENIALS[1]!, DENIALS[2]!]) {
      guests.vm.setMsrFilter(MsrFilter.ALLOW_ALL);
      guests.assertEach(`before "${name}" came again`, NOTHING);
      guests.vm.setMsrFilter(filter);
      guests.assertEach(`${name}, again`, denied);
    }
    using resident = vmWithout(kvm, DISABLE_EXITS.cstate);
    assertReadsObey(resident, askReads(resident, RESIDENCIES));
  },
);

clause(
  "X-74",
  "an MSR that was denied is the guest's own again, with what the host wrote to it meanwhile",
  ({ kvm, facts, execution }) => {
    const natives = askNatives(kvm);
    using guests = new Guests(kvm, natives);
    const counts = kvm.checkExtension("BINARY_STATS_FD") > 0;
    const first = guests.add();
    guests.assertEach("before any filter", NOTHING);
    const before = counts ? accessesWithoutExit(first, natives) : [];
    if (counts && execution === "native" && executesAccesses(facts) === undefined) {
      const own = ALWAYS_HANDED_OVER.flatMap((index) =>
        ["read", "write"].map((kind) => `${kind} of ${formatMsr(index)}`)
      );
      const lost = own.filter((access) => !before.includes(access));
      assertEquals(lost, [], "with an exit, before any filter");
    }
    for (const [name, denied, filter] of DENIALS) {
      guests.vm.setMsrFilter(filter);
      guests.assertEach(name, denied);
      guests.vm.setMsrFilter(MsrFilter.ALLOW_ALL);
      guests.assertEach(`after "${name}" was removed`, NOTHING);
      if (!counts) continue;
      const after = accessesWithoutExit(first, natives);
      assertEquals(after, before, `without an exit, after "${name}" was removed`);
    }
    // Denied without having been used in between, and allowed in a narrower filter.
    for (const [, , filter] of DENIALS) guests.vm.setMsrFilter(filter);
    guests.vm.setMsrFilter({
      default: "allow",
      ranges: [{ base: 0x2000, count: 1, deny: "read" }],
    });
    guests.assertEach("under a filter for another MSR", NOTHING);
    guests.add();
    guests.assertEach("with a vCPU made under it", NOTHING);
  },
);
