/**
 * x2APIC MSRs, 0x800 to 0x8ff, which no filter governs.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  IOCTL,
  type Kvm,
  Msr,
  msrBitmap,
  MsrFilter,
  type MsrFilterSpec,
  type Session,
  type Vm,
} from "@trapline/trapline";
import {
  assertWalk,
  bootWalker,
  completes,
  exits,
  passes,
  read,
  write,
} from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { capability, cpuidBit } from "../support/requirements.ts";

const NEEDS = { requires: [capability("IRQCHIP"), cpuidBit("x2APIC", 1, "ecx", 21)] };
const ENABLE_X2APIC = 1n << 10n;
const TPR_OFFSET = 0x80;
/** Registers of the APIC: spurious vector, interrupt command, requests of vectors 0x40 to 0x5f. */
const REGISTER = { SVR: 0x80f, ICR: 0x830, IRR2: 0x822 } as const;
const ENABLE_APIC = 0x1ffn;
const TO_SELF = 1n << 18n;
const VECTORS = { icr: 0x42n, selfIpi: 0x43n } as const;
const ALL = Array.from({ length: 0x100 }, (_, i) => 0x800 + i);

/** A guest whose vCPU has an in-kernel local APIC, in xAPIC mode still. */
function bootWithApic(kvm: Kvm): { vm: Vm; session: Session } & Disposable {
  const vm = kvm.createVm();
  vm.createIrqchip();
  vm.enableUserSpaceMsr(["filter"]);
  return { vm, session: bootWalker(vm), [Symbol.dispose]: () => vm.close() };
}

function enterX2apicMode({ vcpu }: Session): void {
  const sregs = vcpu.sregs();
  vcpu.setSregs({ ...sregs, apic_base: sregs.apic_base | ENABLE_X2APIC });
}

/** Asserts that the guest reaches its local APIC, whatever the filter says. */
function assertApicInReach(session: Session, circumstances: string): void {
  for (const priority of [0x20n, 0x50n]) {
    assertWalk(session, circumstances, [
      completes(read(Msr.X2APIC_ID), BigInt(session.vcpu.id)),
      completes(write(Msr.X2APIC_EOI)),
      completes(write(Msr.X2APIC_TPR, priority)),
      completes(read(Msr.X2APIC_TPR), priority),
    ]);
    assertEquals(session.vcpu.lapic()[TPR_OFFSET], Number(priority), `TPR (${circumstances})`);
  }
}

/** Asserts that the guest can send itself interrupts, which it does not take: its IF is clear. */
function assertSendsInterrupts(session: Session, circumstances: string): void {
  assertWalk(session, circumstances, [
    completes(write(REGISTER.SVR, ENABLE_APIC)),
    completes(write(REGISTER.ICR, TO_SELF | VECTORS.icr)),
    completes(write(Msr.X2APIC_SELF_IPI, VECTORS.selfIpi)),
    completes(read(REGISTER.IRR2), 1n << VECTORS.icr % 32n | 1n << VECTORS.selfIpi % 32n),
  ]);
}

/** Asserts that no x2APIC MSR is filtered, and that its neighbours are. */
function assertExempt(session: Session, circumstances: string): void {
  assertApicInReach(session, circumstances);
  assertSendsInterrupts(session, circumstances);
  assertWalk(session, circumstances, [
    ...ALL.map((index) => passes(read(index))),
    // Both ends have no register behind them.
    passes(write(0x800)),
    passes(write(0x8ff)),
    ...[0x7ff, 0x900].flatMap((index) => [exits(read(index)), exits(write(index))]),
  ]);
}

clause("F-35", "x2APIC MSRs cannot be filtered, and their neighbours can", NEEDS, ({ kvm }) => {
  using guest = bootWithApic(kvm);
  const { vm, session } = guest;
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  enterX2apicMode(session);
  assertExempt(session, "default deny, set before x2APIC mode");
  vm.setMsrFilter({
    default: "allow",
    ranges: [{ base: 0x7ff, count: 0x102, deny: "read-write" }],
  });
  assertExempt(session, "a range denies them, set in x2APIC mode");
});

/** Filters that have x2APIC MSRs in their ranges. */
const COVERING: Readonly<Record<string, MsrFilterSpec>> = {
  "all of them denied": {
    default: "allow",
    ranges: [{ base: 0x800, count: 0x100, deny: "read-write" }],
  },
  "each kind denied apart": {
    default: "allow",
    ranges: [
      { base: 0x800, count: 0x100, deny: "read" },
      { base: 0x800, count: 0x100, deny: "write" },
    ],
  },
  "single ones denied": {
    default: "allow",
    ranges: [Msr.X2APIC_ID, Msr.X2APIC_TPR, Msr.X2APIC_EOI].map((base) => ({
      base,
      count: 1,
      deny: "read-write",
    })),
  },
  "denied by a bitmap": {
    default: "deny",
    ranges: [{ base: 0x800, count: 0x100, access: "read-write", bitmap: msrBitmap(0x100, [0x0a]) }],
  },
};

clause("F-36", "a filter that covers x2APIC MSRs is accepted", NEEDS, ({ kvm }) => {
  using guest = bootWithApic(kvm);
  const { vm, session } = guest;
  enterX2apicMode(session);
  for (const [name, filter] of Object.entries(COVERING)) {
    const encoded = new MsrFilter(filter).encode();
    assertEquals(vm.raw(IOCTL.X86_SET_MSR_FILTER, encoded.bytes), { result: 0, errno: 0 }, name);
    assertApicInReach(session, name);
  }
  // One range, on both sides of the border: ignored on one side only.
  vm.setMsrFilter({
    default: "allow",
    ranges: [
      { base: 0x7f0, count: 0x19, deny: "read-write" },
      { base: 0x8f0, count: 0x20, deny: "read-write" },
    ],
  });
  assertApicInReach(session, "a range that ends in them denies");
  const outside = [0x7f0, 0x7ff, 0x900, 0x90f];
  assertWalk(session, "a range that ends in them denies", outside.map((at) => exits(read(at))));
});
