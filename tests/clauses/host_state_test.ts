/**
 * State that the host sets and lists, and that the CPU changes of itself: none
 * of it asks the filter.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm32,
  assertNoFault,
  Kvm,
  Msr,
  type MsrExitReason,
  MsrFilter,
  Session,
  type Sregs,
} from "@trapline/trapline";
import {
  assertWalk,
  bootWalker,
  completes,
  exits,
  faults,
  read,
  write,
} from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { denyOnly } from "../support/msr_probes.ts";
import { cpuidBit } from "../support/requirements.ts";

const EFER = { SCE: 1n, LME: 0x100n, LMA: 0x400n } as const;
const LONG_MODE = EFER.LME | EFER.LMA;
const APIC_BASE = 0xfee0_0900n;
const X2APIC = 0x400n;
const BOOTSTRAP_PROCESSOR = 0x100n;

const offersX2apic = cpuidBit("x2APIC", 1, "ecx", 21);

/** The registers of `KVM_SET_SREGS` that are MSRs for the guest, by their index. */
function msrsOf(sregs: Sregs): [number, bigint][] {
  return [
    [Msr.EFER, sregs.efer],
    [Msr.FS_BASE, sregs.fs.base],
    [Msr.GS_BASE, sregs.gs.base],
    [Msr.IA32_APIC_BASE, sregs.apic_base],
  ];
}

clause(
  "X-39",
  "KVM_SET_SREGS sets EFER, FS and GS base and the APIC base whatever the filter denies",
  { nativeOnly: "it is the host that sets them" },
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.createIrqchip();
    const session = bootWalker(vm);
    const { vcpu } = session;
    const before = vcpu.sregs();
    const states: Sregs[] = [
      {
        ...before,
        efer: LONG_MODE | EFER.SCE,
        fs: { ...before.fs, base: 0x1234_5000n },
        gs: { ...before.gs, base: 0xffff_8000_0000_1000n },
        apic_base: APIC_BASE | X2APIC,
      },
      {
        ...before,
        efer: LONG_MODE,
        fs: { ...before.fs, base: 0x7000n },
        gs: { ...before.gs, base: 0x8000n },
        apic_base: APIC_BASE,
      },
    ];
    const indices = msrsOf(before).map(([index]) => index);
    for (const state of states) {
      for (const mask of [[], ["filter"], ["inval", "unknown", "filter"]] as const) {
        vcpu.setSregs(before);
        vm.enableUserSpaceMsr(mask);
        vm.setMsrFilter(MsrFilter.DENY_ALL);
        vcpu.setSregs(state);
        const what = `all denied, mask ${mask.join("+") || "0"}`;
        assertEquals(msrsOf(vcpu.sregs()), msrsOf(state), `KVM_GET_SREGS, ${what}`);
        // kvm_amd of 5.10 gives the host no FS_BASE and GS_BASE by KVM_GET_MSRS.
        const [efer, , , apicBase] = msrsOf(state);
        for (const [index, value] of [efer!, apicBase!]) {
          assertEquals(vcpu.getMsr(index), value, `KVM_GET_MSRS, ${what}`);
        }
        const denied = indices.map((index) =>
          mask.length === 0 ? faults(read(index)) : exits(read(index))
        );
        assertWalk(session, what, denied);
        vm.setMsrFilter(MsrFilter.ALLOW_ALL);
        const reads = msrsOf(state).map(([index, value]) => completes(read(index), value));
        assertWalk(session, `${what}, then removed`, reads);
      }
    }
  },
);

/** Everything that KVM lists of this host and of `session`'s vCPU, under `filter`. */
function listings(session: Session, filter: MsrFilter, mask: readonly MsrExitReason[]): unknown {
  session.vm.enableUserSpaceMsr(mask);
  session.vm.setMsrFilter(filter);
  using kvm = Kvm.open();
  const features = kvm.msrFeatureIndexList();
  return {
    msrs: kvm.msrIndexList(),
    features,
    featureValues: kvm.featureMsrs(features),
    supported: kvm.supportedCpuid(),
    emulated: kvm.emulatedCpuid(),
    cpuid: session.vcpu.cpuid(),
    caps: ["X86_MSR_FILTER", "X86_USER_SPACE_MSR"].map((cap) =>
      session.vm.checkExtension(cap as "X86_MSR_FILTER")
    ),
  };
}

/** How often two listings are compared. */
const TRIES = 20;

/**
 * Asserts that KVM lists the same under `filter` and under none. Its CPUID has numbers of the very
 * CPU that it was asked on, of its APIC among them, which may be another one the next time; so
 * they are compared again where they differ.
 */
function assertListsTheSame(
  session: Session,
  filter: MsrFilter,
  mask: readonly MsrExitReason[],
): void {
  for (let tries = 1;; tries++) {
    const before = listings(session, MsrFilter.ALLOW_ALL, []);
    const under = listings(session, filter, mask);
    try {
      assertEquals(under, before, `${filter}, mask ${mask.join("+") || "0"}`);
      return;
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

clause(
  "X-40",
  "neither the lists of MSRs nor the CPUID that KVM offers depend on a filter",
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootWalker(vm);
    const filters = [
      MsrFilter.DENY_ALL,
      new MsrFilter(denyOnly(Msr.EFER, "read-write", 0x100)),
      MsrFilter.ALLOW_ALL,
    ];
    for (const filter of filters) {
      for (const mask of [["filter"], ["inval", "unknown", "filter"], []] as const) {
        assertListsTheSame(session, filter, mask);
        const efer = read(Msr.EFER);
        assertWalk(session, `${filter}`, [
          filter === MsrFilter.ALLOW_ALL
            ? completes(efer, LONG_MODE)
            : mask.length === 0
            ? faults(efer)
            : exits(efer),
        ]);
      }
    }
  },
);

const PAGING = { paging: 1n << 31n, pae: 1n << 5n } as const;
const TABLES = 0x2_0000;

/**
 * A guest of 32 bits with EFER.LME set that turns paging on and off again,
 * and reads EFER each time.
 */
function bootTogglingGuest(kvm: Kvm): Session {
  const vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm32`
      mov ecx, ${Msr.EFER}
      mov eax, cr0
      or eax, 0x80000000
      mov cr0, eax
      jmp on
    on:
      rdmsr
      mov esi, eax
      mov eax, cr0
      and eax, 0x7fffffff
      mov cr0, eax
      jmp off
    off:
      rdmsr
      mov edi, eax
      jmp finish
    `,
  );
  // The first 2 MiB, by one large page.
  const view = vm.memory.view(TABLES, 0x3000);
  view.setBigUint64(0, BigInt(TABLES + 0x1000) | 3n, true);
  view.setBigUint64(0x1000, BigInt(TABLES + 0x2000) | 3n, true);
  view.setBigUint64(0x2000, 0x83n, true);
  const sregs = session.vcpu.sregs();
  session.vcpu.setSregs({
    ...sregs,
    cr3: BigInt(TABLES),
    cr4: sregs.cr4 | PAGING.pae,
    efer: EFER.LME,
  });
  return session;
}

clause(
  "X-80",
  "guest accesses to EFER and APIC_BASE are filtered, and changes of EFER by CR0.PG are not",
  ({ kvm, facts }) => {
    using vm = kvm.createVm();
    vm.createIrqchip();
    vm.enableUserSpaceMsr(["filter"]);
    const session = bootWalker(vm);
    const apicBase = APIC_BASE & ~BOOTSTRAP_PROCESSOR;
    const probes = [
      { index: Msr.EFER, before: LONG_MODE, after: LONG_MODE | EFER.SCE },
      { index: Msr.IA32_APIC_BASE, before: APIC_BASE, after: apicBase },
      ...(offersX2apic(facts) === undefined
        ? [{ index: Msr.IA32_APIC_BASE, before: apicBase, after: apicBase | X2APIC }]
        : []),
    ];
    for (const { index, before, after } of probes) {
      const held = (value: bigint, what: string): void =>
        assertEquals(session.vcpu.getMsr(index), value, what);
      vm.setMsrFilter(denyOnly(index, "write"));
      const denied = [completes(read(index), before), exits(write(index, after))];
      assertWalk(session, "writes denied", [...denied, completes(read(index), before)]);
      held(before, "after a denied write");
      vm.enableUserSpaceMsr([]);
      assertWalk(session, "writes denied, mask 0", [faults(write(index, after))]);
      held(before, "after a denied write, mask 0");
      vm.enableUserSpaceMsr(["filter"]);
      vm.setMsrFilter(denyOnly(index, "read"));
      assertWalk(session, "reads denied", [exits(read(index)), completes(write(index, after))]);
      held(after, "after a write that is allowed");
      vm.setMsrFilter(MsrFilter.ALLOW_ALL);
      assertWalk(session, "all allowed", [completes(read(index), after)]);
    }

    const toggling = bootTogglingGuest(kvm);
    using _ = toggling.vm;
    toggling.vm.enableUserSpaceMsr(["filter"]);
    toggling.vm.setMsrFilter(denyOnly(Msr.EFER, "write"));
    for (let i = 0; i < 2; i++) {
      const seen = toggling.finish();
      assertNoFault(toggling, seen);
      assertEquals(
        [seen.regs.rsi, seen.regs.rdi],
        [LONG_MODE, EFER.LME],
        "EFER with paging on, and off again",
      );
      toggling.restart();
    }
  },
);
