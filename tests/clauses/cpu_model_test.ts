/**
 * The filter and the reason INVAL against the vCPU's CPUID and mode.
 *
 * @module
 */
import {
  asm64,
  type CpuidEntry,
  Msr,
  type MsrAccess,
  MsrFilter,
  type MsrHandlers,
  Session,
  type Vm,
} from "@trapline/trapline";
import { assertWalk, exits, faults, read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { KNOWN_EVERYWHERE } from "../support/msr_space.ts";
import { capability, cpuidBit, type Requirement } from "../support/requirements.ts";
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
const HYPERVISOR: Feature = { name: "HYPERVISOR", leaf: 1, register: "ecx", bit: 31 };
const RDPID: Feature = { name: "RDPID", leaf: 7, register: "ecx", bit: 22 };

const EFER_LME_LMA_NXE = 0xd00n;
const APIC_BASE_X2APIC = 0xfee0_0d00n;

/** Accesses that are valid on a vCPU with `features`, and invalid on one without any of them. */
interface Model {
  readonly features: readonly Feature[];
  readonly accesses: readonly MsrAccess[];
}

// CET without SHSTK is not among them: it takes a CPU that has it, and from 6.18 on such an access
// is one to an unknown MSR.
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

/** Asserts that KVM_CAP_MSR_PLATFORM_INFO decides whether PLATFORM_INFO is the guest's to read. */
function assertPlatformInfo(vm: Vm): void {
  const session = bootModel(vm, vm.supportedCpuid);
  for (const enabled of [0n, 1n, 0n]) {
    vm.enableCap("MSR_PLATFORM_INFO", [enabled]);
    const assertModel = enabled === 0n ? assertInvalid : assertValid;
    assertModel(session, [read(Msr.PLATFORM_INFO)], `with KVM_CAP_MSR_PLATFORM_INFO ${enabled}`);
  }
}

clause(
  "U-08",
  "the INVAL bit intercepts accesses that the vCPU's model and mode make invalid",
  { requires: [...[NX, X2APIC].map(offered), capability("MSR_PLATFORM_INFO")] },
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
    using another = kvm.createVm();
    assertPlatformInfo(another);
  },
);

/** The leaves in which a hypervisor says what it offers. */
function isHypervisorsLeaf({ function: leaf }: CpuidEntry): boolean {
  return leaf >= 0x4000_0000 && leaf <= 0x4fff_ffff;
}

/** Vendor strings, as leaf 0 has them in EBX, EDX and ECX. */
const VENDORS = {
  AuthenticAMD: { ebx: 0x6874_7541, edx: 0x6974_6e65, ecx: 0x444d_4163 },
  GenuineIntel: { ebx: 0x756e_6547, edx: 0x4965_6e69, ecx: 0x6c65_746e },
} as const;

function madeBy(cpuid: readonly CpuidEntry[], vendor: keyof typeof VENDORS): CpuidEntry[] {
  const leaves = [0, 0x8000_0000];
  return cpuid.map((entry) =>
    leaves.includes(entry.function) ? { ...entry, ...VENDORS[vendor] } : entry
  );
}

clause("X-104", "the filter governs a vCPU whatever its CPUID says", ({ kvm }) => {
  const all = kvm.supportedCpuid();
  const models: Readonly<Record<string, readonly CpuidEntry[]>> = {
    "with all that KVM offers": all,
    "that is told of no hypervisor": without(all, [HYPERVISOR])
      .filter((entry) => !isHypervisorsLeaf(entry)),
    "of AMD": madeBy(all, "AuthenticAMD"),
    "of Intel": madeBy(all, "GenuineIntel"),
    "without x2APIC, RDTSCP and RDPID": without(all, [X2APIC, RDTSCP, RDPID]),
  };
  const indices = [...KNOWN_EVERYWHERE.map(({ index }) => index), Msr.EFER, 0x474f_4f00];
  for (const [model, cpuid] of Object.entries(models)) {
    using vm = kvm.createVm();
    vm.setMsrFilter(MsrFilter.DENY_ALL);
    const session = bootModel(vm, cpuid);
    for (const reasons of [["filter"], []] as const) {
      vm.enableUserSpaceMsr(reasons);
      const wanted = reasons.length > 0 ? exits : faults;
      const accesses = indices.flatMap((index) => [read(index), write(index)]);
      assertWalk(session, `on a vCPU ${model}`, accesses.map((access) => wanted(access)));
    }
  }
});
