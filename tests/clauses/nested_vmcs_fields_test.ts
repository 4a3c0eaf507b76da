/**
 * MSRs that VM entry and VM exit load and store by VMCS fields of their own.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { formatMsr, Msr, MsrFilter, type VmcsFields, VmxHypervisor } from "@trapline/trapline";
import { assertWalk, completes, exits, read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { denyOnly } from "../support/msr_probes.ts";
import { offersVmx } from "../support/nested.ts";

const EFER_SCE = 1n;

interface FieldMsr {
  readonly index: number;
  /** What L2 has, what L1 has after a VM exit, and what L2 changes it to. */
  readonly values: readonly [l2: bigint, l1: bigint, changed: bigint];
  readonly field: string;
}

const FIELD_MSRS: readonly FieldMsr[] = [
  {
    index: Msr.IA32_SYSENTER_CS,
    values: [0x18n, 0x28n, 0x38n],
    field: "IA32_SYSENTER_CS",
  },
  {
    index: Msr.IA32_SYSENTER_ESP,
    values: [0x1111_0000n, 0x1222_0000n, 0x1333_0000n],
    field: "IA32_SYSENTER_ESP",
  },
  {
    index: Msr.IA32_SYSENTER_EIP,
    values: [0x2111_0000n, 0x2222_0000n, 0x2333_0000n],
    field: "IA32_SYSENTER_EIP",
  },
  {
    index: Msr.IA32_PAT,
    values: [0x0606_0606_0606_0606n, 0x0400_0600_0400_0006n, 0x0606_0600_0606_0006n],
    field: "IA32_PAT",
  },
  {
    index: Msr.FS_BASE,
    values: [0x3111_0000n, 0x3222_0000n, 0x3333_0000n],
    field: "FS_BASE",
  },
  {
    index: Msr.GS_BASE,
    values: [0x4111_0000n, 0xffff_8000_0000_1000n, 0x4333_0000n],
    field: "GS_BASE",
  },
];

function fieldMsrs({ session }: VmxHypervisor): readonly FieldMsr[] {
  const { efer } = session.vcpu.sregs();
  const values = [efer | EFER_SCE, efer, efer] as const;
  return [...FIELD_MSRS, { index: Msr.EFER, values, field: "IA32_EFER" }];
}

function fieldsOf(msrs: readonly FieldMsr[]): VmcsFields {
  return Object.fromEntries(
    msrs.flatMap(({ field, values: [l2, l1] }) => [[`GUEST_${field}`, l2], [`HOST_${field}`, l1]]),
  );
}

/** Asserts what the MSRs hold where the guest is now. */
function holds(
  { session }: VmxHypervisor,
  msrs: readonly FieldMsr[],
  which: 0 | 1 | 2,
  what: string,
): void {
  const text = (index: number, value: bigint): string =>
    `${formatMsr(index)} holds 0x${value.toString(16)}`;
  assertEquals(
    session.vcpu.getMsrs(msrs.map(({ index }) => index)).map((v, i) => text(msrs[i]!.index, v)),
    msrs.map(({ index, values }) => text(index, values[which])),
    what,
  );
}

clause(
  "F-30",
  "MSRs that have VMCS fields of their own are not filtered when L1 enters and leaves L2",
  {
    requires: [offersVmx],
    nativeOnly: "VM entry and VM exit execute no RDMSR and no WRMSR",
  },
  ({ kvm }) => {
    for (const reasons of [["filter"], []] as const) {
      using vm = kvm.createVm();
      vm.enableUserSpaceMsr(reasons);
      const l1 = VmxHypervisor.boot(vm);
      const { session } = l1;
      const msrs = fieldMsrs(l1);
      l1.write(fieldsOf(msrs));
      const denied = [
        new MsrFilter({
          default: "allow",
          ranges: msrs.map(({ index }) => ({ base: index, count: 1, deny: "read-write" })),
        }),
        ...msrs.map(({ index }) => new MsrFilter(denyOnly(index, "read-write"))),
        MsrFilter.DENY_ALL,
      ];
      for (const filter of denied) {
        const what = `under ${filter}`;
        vm.setMsrFilter(filter);
        l1.enter();
        holds(l1, msrs, 0, `in L2, ${what}`);
        l1.leave();
        holds(l1, msrs, 1, `in L1, ${what}`);
      }
      if (reasons.length > 0) {
        // The filter is there: it denies the same MSRs to instructions.
        assertWalk(session, "denied", msrs.map(({ index }) => exits(read(index))));
      }
      vm.setMsrFilter(MsrFilter.ALLOW_ALL);
      l1.enter();
      assertWalk(session, "loaded at VM entry", [
        ...msrs.map(({ index, values }) => completes(read(index), values[0])),
        ...msrs.map(({ index, values }) => completes(write(index, values[2]))),
      ]);
      vm.setMsrFilter(MsrFilter.DENY_ALL);
      l1.leave();
      l1.enter();
      holds(l1, msrs, 2, "in L2, as the VM exit stored what L2 had changed");
      l1.leave();
      vm.setMsrFilter(MsrFilter.ALLOW_ALL);
      assertWalk(
        session,
        "loaded at VM exit",
        msrs.map(({ index, values }) => completes(read(index), values[1])),
      );
    }
  },
);
