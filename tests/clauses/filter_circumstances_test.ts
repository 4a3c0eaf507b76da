/**
 * What has nothing to do with a filter: how its VM is made, and what its vCPU
 * is set to.
 *
 * @module
 */
import {
  asm64,
  HostMemory,
  IOCTL,
  type Kvm,
  type Session,
  type Sregs,
  type Vm,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { assertAccepted } from "../support/raw_filter.ts";
import { assertStanding, bootStanding } from "../support/standing_filter.ts";

/** `KVM_X86_DISABLE_EXITS_HLT`. */
const DISABLE_EXITS_HLT = 2;
/** Routes of the I/O APIC that user space then has. */
const ROUTES = 24n;

/** Ways to make a VM before its first vCPU; where KVM has none of them, the VM stays as it is. */
const VMS: Readonly<Record<string, (vm: Vm) => void>> = {
  "interrupt controllers in the kernel": (vm) => vm.createIrqchip(),
  "the local APIC alone in the kernel": (vm) => {
    if (vm.checkExtension("SPLIT_IRQCHIP") !== 0) vm.enableCap("SPLIT_IRQCHIP", [ROUTES]);
  },
  "HLT without exits": (vm) => {
    if ((vm.checkExtension("X86_DISABLE_EXITS") & DISABLE_EXITS_HLT) !== 0) {
      vm.enableCap("X86_DISABLE_EXITS", [BigInt(DISABLE_EXITS_HLT)]);
    }
  },
};

const CR0_TS = 8n;
/** DE, PGE and PCE. */
const CR4_BITS = 0x188n;
const EFER_NXE = 0x800n;
const EFER_SVME = 0x1000n;
const APIC_BASE_ENABLED = 0x800n;
const APIC_BASE_X2APIC = 0xc00n;
/** A global breakpoint, in DR0 alone. */
const DR7_G0 = 0x402n;
const BREAKPOINT = 0x7000_0000n;

function hasSvm({ vcpu }: Session): boolean {
  const SVM = 1 << 2;
  return vcpu.cpuid().some((entry) => entry.function === 0x8000_0001 && (entry.ecx & SVM) !== 0);
}

function setting(change: (sregs: Sregs) => Partial<Sregs>): (session: Session) => void {
  return ({ vcpu }) => {
    const sregs = vcpu.sregs();
    vcpu.setSregs({ ...sregs, ...change(sregs) });
  };
}

/** Has the guest fault until the CPU shuts down, and puts its state back as a VMM would. */
function shutDown(session: Session): void {
  const { vcpu } = session;
  const sregs = vcpu.sregs();
  vcpu.setSregs({ ...sregs, idt: { ...sregs.idt, limit: 0 } });
  session.load(asm64`ud2`);
  session.next("SHUTDOWN");
  vcpu.setSregs(sregs);
  vcpu.setEvents({});
  vcpu.setMpState("RUNNABLE");
}

/** States of a vCPU, each on top of those before. */
const STATES: Readonly<Record<string, (session: Session) => void>> = {
  "CR0.TS": setting(({ cr0 }) => ({ cr0: cr0 | CR0_TS })),
  "CR4.DE, PGE and PCE": setting(({ cr4 }) => ({ cr4: cr4 | CR4_BITS })),
  "CR8": setting(() => ({ cr8: 5n })),
  "EFER.NXE": setting(({ efer }) => ({ efer: efer | EFER_NXE })),
  "EFER.SVME": (session) => {
    if (hasSvm(session)) setting(({ efer }) => ({ efer: efer | EFER_SVME }))(session);
  },
  "EFER without SVME": setting(({ efer }) => ({ efer: efer & ~EFER_SVME })),
  "the local APIC off": setting(({ apic_base }) => ({ apic_base: apic_base & ~APIC_BASE_X2APIC })),
  "the local APIC on": setting(({ apic_base }) => ({ apic_base: apic_base | APIC_BASE_ENABLED })),
  "a breakpoint in DR0": ({ vcpu }) => {
    vcpu.setDebugRegs({ ...vcpu.debugRegs(), db: [BREAKPOINT, 0n, 0n, 0n], dr7: DR7_G0 });
  },
  "a triple fault": shutDown,
  "another vCPU made and closed": ({ vm }) => vm.createVcpu().close(),
};

const SLOT = 9;
const SLOT_GPA = 0x4000_0000n;
const LOG_DIRTY_PAGES = 1;

/** Has KVM note which pages of a slot of memory the guest writes to. */
function logDirtyPages(vm: Vm, memory: HostMemory): void {
  const region = new DataView(new ArrayBuffer(32));
  region.setUint32(0, SLOT, true);
  region.setUint32(4, LOG_DIRTY_PAGES, true);
  region.setBigUint64(8, SLOT_GPA, true);
  region.setBigUint64(16, memory.end - memory.address, true);
  region.setBigUint64(24, memory.address, true);
  const bytes = new Uint8Array(region.buffer);
  assertAccepted(vm.raw(IOCTL.SET_USER_MEMORY_REGION, bytes), "a slot with a dirty log");
}

function assertInEveryState(kvm: Kvm, name: string, make: (vm: Vm) => void): void {
  const vm = kvm.createVm();
  make(vm);
  using guest = bootStanding(vm);
  for (const [state, set] of Object.entries(STATES)) {
    set(guest.session);
    assertStanding(guest.session, `${name}, ${state}`);
    guest.renew();
    set(guest.session);
    assertStanding(guest.session, `${name}, ${state}, under a new filter`);
  }
}

clause(
  "X-116",
  "a filter decides alike however its VM is made, and whatever its vCPU is set to or has been through",
  ({ kvm }) => {
    for (const [name, make] of Object.entries(VMS)) assertInEveryState(kvm, name, make);
    using memory = HostMemory.allocate(0x4000);
    using logged = bootStanding(kvm.createVm());
    logDirtyPages(logged.vm, memory);
    assertStanding(logged.session, "a dirty log");
  },
);
