/**
 * The reason INVAL against the vCPU's CPUID and mode.
 *
 * @module
 */
import {
  asm64,
  type CpuidEntry,
  Msr,
  type MsrAccess,
  type MsrHandlers,
  Session,
  type Vm,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { cpuidBit, type Requirement } from "../support/requirements.ts";
import { assertExited, assertGpWithoutExit, assertPassed } from "../support/walked.ts";

/** A CPUID feature bit. */
interface Feature {
  readonly name: string;
  readonly leaf: number;
  readonly register: "eax" | "ebx" | "ecx" | "edx";
  readonly bit: number;
}

const NX: Feature = { name: "NX", leaf: 0x8000_0001, register: "edx", bit: 20 };
const X2APIC: Feature = { name: "x2APIC", leaf: 1, register: "ecx", bit: 21 };
const RDTSCP: Feature = { name: "RDTSCP", leaf: 0x8000_0001, register: "edx", bit: 27 };
const RDPID: Feature = { name: "RDPID", leaf: 7, register: "ecx", bit: 22 };

const EFER_LME_LMA_NXE = 0xd00n;
const APIC_BASE_X2APIC = 0xfee0_0d00n;

/** Accesses that are valid on a vCPU with `features`, and invalid on one without any of them. */
interface Model {
  readonly features: readonly Feature[];
  readonly accesses: readonly MsrAccess[];
}

const MODELS: readonly Model[] = [
  {
    features: [NX],
    accesses: [{ kind: "write", index: Msr.EFER, value: EFER_LME_LMA_NXE }],
  },
  {
    features: [X2APIC],
    accesses: [{ kind: "write", index: Msr.IA32_APIC_BASE, value: APIC_BASE_X2APIC }],
  },
  {
    features: [RDTSCP, RDPID],
    accesses: [
      { kind: "write", index: Msr.TSC_AUX, value: 0x77n },
      { kind: "read", index: Msr.TSC_AUX },
    ],
  },
];

function offered({ name, leaf, register, bit }: Feature): Requirement {
  return cpuidBit(name, leaf, register, bit);
}

function nameOf(features: readonly Feature[]): string {
  return features.map(({ name }) => name).join(" and ");
}

function without(cpuid: readonly CpuidEntry[], features: readonly Feature[]): CpuidEntry[] {
  return cpuid.map((entry) => {
    const changed = { ...entry };
    for (const { leaf, register, bit } of features) {
      if (entry.function === leaf) changed[register] = (changed[register] & ~(1 << bit)) >>> 0;
    }
    return changed;
  });
}

const ANSWERS: readonly MsrHandlers[] = [
  { onRdmsr: (exit) => exit.supply(0x1bad_ce11_0000_0001n), onWrmsr: (exit) => exit.acknowledge() },
  { onRdmsr: (exit) => exit.refuse(), onWrmsr: (exit) => exit.refuse() },
];

/** Asserts that accesses invalid for the vCPU exit under INVAL, and raise #GP without it. */
function assertInvalid(session: Session, accesses: readonly MsrAccess[], detail: string): void {
  session.vm.enableUserSpaceMsr(["inval"]);
  for (const handlers of ANSWERS) {
    session.walk(accesses, handlers)
      .forEach((walked) => assertExited(session, walked, "inval", detail));
  }
  session.vm.enableUserSpaceMsr(["unknown", "filter"]);
  session.walk(accesses, ANSWERS[0])
    .forEach((walked) => assertGpWithoutExit(session, walked, `${detail}, without INVAL`));
}

function assertValid(session: Session, accesses: readonly MsrAccess[], detail: string): void {
  session.vm.enableUserSpaceMsr(["inval"]);
  session.walk(accesses, ANSWERS[0])
    .forEach((walked) => assertPassed(session, walked, undefined, detail));
}

function bootModel(vm: Vm, cpuid: readonly CpuidEntry[]): Session {
  vm.createIrqchip();
  const session = Session.boot(vm, asm64`jmp finish`);
  session.vcpu.setCpuid(cpuid);
  return session;
}

clause(
  "U-08",
  "the INVAL bit intercepts accesses that the vCPU's model and mode make invalid",
  { requires: [NX, X2APIC].map(offered) },
  ({ kvm, facts }) => {
    for (const { features, accesses } of MODELS) {
      using vm = kvm.createVm();
      const session = bootModel(vm, without(vm.supportedCpuid, features));
      assertInvalid(session, accesses, `on a vCPU without ${nameOf(features)}`);
    }
    const offeredModels = MODELS.filter(({ features }) =>
      features.some((feature) => offered(feature)(facts) === undefined)
    );
    for (const { features, accesses } of offeredModels) {
      using vm = kvm.createVm();
      const session = bootModel(vm, vm.supportedCpuid);
      assertValid(session, accesses, `on a vCPU with ${nameOf(features)}`);
    }
    using vm = kvm.createVm();
    const session = bootModel(vm, vm.supportedCpuid);
    const x2apic: MsrAccess[] = [
      { kind: "read", index: Msr.X2APIC_ID },
      { kind: "read", index: Msr.X2APIC_VERSION },
      { kind: "write", index: Msr.X2APIC_EOI, value: 0n },
    ];
    assertInvalid(session, x2apic, "in xAPIC mode");
    const enable: MsrAccess = {
      kind: "write",
      index: Msr.IA32_APIC_BASE,
      value: APIC_BASE_X2APIC,
    };
    assertValid(session, [enable, ...x2apic], "in x2APIC mode");
  },
);
