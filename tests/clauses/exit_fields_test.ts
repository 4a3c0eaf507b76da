/**
 * What the kernel puts into `kvm_run` at an MSR exit.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm64,
  type Kvm,
  kvmRunOffset,
  Msr,
  MSR_EXIT_REASONS,
  type MsrAccess,
  Session,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { DENIES_SOME, FAILING_ACCESSES } from "../support/failing_accesses.ts";
import { bootDenied } from "../support/msr_exits.ts";
import { KNOWN_MSRS } from "../support/msr_probes.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";
import { assertExited, nameAccess } from "../support/walked.ts";

const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const BITS_64 = Array.from({ length: 64 }, (_, bit) => 1n << BigInt(bit));

/** Every bit of an index alone, and both ends; not 0x800, an x2APIC MSR, which no filter governs. */
const INDICES: readonly number[] = [
  0,
  Msr.IA32_SYSENTER_CS,
  Msr.KERNEL_GS_BASE,
  0xffff_ffff,
  ...Array.from({ length: 32 }, (_, bit) => (1 << bit) >>> 0).filter((index) => index !== 0x800),
];

/** Offsets in `kvm_run` of the union that holds the MSR exit. */
const UNION = { first: kvmRunOffset("msr.error"), end: 288 } as const;
const GARBAGE = 0xaa;

/** Writes garbage over the whole union. */
function litter(view: DataView): void {
  for (let at = UNION.first; at < UNION.end; at++) view.setUint8(at, GARBAGE);
}

/** Walks a `kind` access to each of {@linkcode INDICES}, all denied. */
function assertIndices(kvm: Kvm, kind: MsrAccess["kind"]): void {
  using vm = kvm.createVm();
  const session = bootDenied(vm);
  const accesses = INDICES.map((index): MsrAccess => ({ kind, index, value: 0x5n }));
  const walked = session.walk(accesses, {
    onRdmsr: (exit) => exit.supply(BigInt(exit.index) << 16n | 0x9n),
    onWrmsr: (exit) => exit.acknowledge(),
  });
  for (const access of walked) {
    assertExited(session, access, "filter");
    if (kind === "read") {
      assertEquals(
        access.value,
        BigInt(access.access.index) << 16n | 0x9n,
        nameAccess(access.access),
      );
    }
  }
}

clause("K-08", "a read exit's index is the MSR that the guest asked for", ({ kvm }) => {
  assertIndices(kvm, "read");
});

clause("K-11", "a write exit's index is the MSR that the guest wrote to", ({ kvm }) => {
  assertIndices(kvm, "write");
});

clause("K-12", "a write exit's data is the guest's EDX:EAX", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = bootDenied(vm);
  const values = [0n, ALL_ONES, 0x0123_4567_89ab_cdefn, ...BITS_64, ...BITS_64.map((v) => ~v)]
    .map((value) => BigInt.asUintN(64, value));
  const walked = session.walk(
    values.map((value) => ({ kind: "write", index: Msr.IA32_SYSENTER_CS, value })),
    { onWrmsr: (exit) => exit.acknowledge() },
  );
  walked.forEach((access) => assertExited(session, access, "filter"));
});

clause(
  "K-15",
  "kvm_run holds error, reason, index and data at bytes 32, 40, 44 and 48, and the answer too",
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootDenied(vm);
    const value = 0xfedc_ba98_7654_3210n;
    const index = Msr.KERNEL_GS_BASE;
    const seen: unknown[] = [];
    let refusing = false;
    const note = (): void => {
      const view = session.vcpu.kvmRun;
      seen.push([view.getUint8(32), view.getUint32(40, true), view.getUint32(44, true)]);
      seen.push(view.getBigUint64(48, true));
      view.setBigUint64(48, value, true);
      view.setUint8(32, refusing ? 1 : 0);
      refusing = !refusing;
    };
    const walked = session.walk([
      { kind: "read", index },
      { kind: "read", index },
      { kind: "write", index, value },
      { kind: "write", index, value },
    ], { onRdmsr: note, onWrmsr: note });
    const fields = [0, 4, index];
    assertEquals(
      seen,
      [fields, 0n, fields, 0n, fields, value, fields, value],
      "error, reason, index and data at each exit",
    );
    assertEquals(
      walked.map(({ fault }) => fault?.errorCode),
      [undefined, 0, undefined, 0],
      "error codes of the #GP after the answers",
    );
    assertEquals(walked[0]!.value, value, "EDX:EAX after the answered read");
  },
);

clause(
  "X-44",
  "a read exit's data is 0, neither a former value nor the MSR's",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
    const session = Session.boot(vm, asm64`jmp finish`);
    session.vcpu.setMsrs(KNOWN_MSRS.map(({ index, values }) => [index, values[0]]));
    const denied = KNOWN_MSRS.map(({ index }) => index);
    vm.setMsrFilter({
      default: "allow",
      ranges: denied.map((base) => ({ base, count: 1, deny: "read-write" })),
    });
    const failing = FAILING_ACCESSES.filter(({ kind, cause }) =>
      kind === "read" && cause !== "filter"
    );
    const reads = [...denied, ...failing.map(({ index }) => index)];
    const accesses = reads.flatMap((index): MsrAccess[] => [
      { kind: "write", index: denied[0]!, value: ALL_ONES },
      { kind: "read", index },
      { kind: "read", index },
      { kind: "read", index },
    ]);
    litter(session.vcpu.kvmRun);
    let count = 0;
    const walked = session.walk(accesses, {
      // The second of the three stays unanswered: the guest then reads the kernel's own zero.
      onRdmsr: (exit) => count++ % 3 === 1 ? undefined : exit.supply(ALL_ONES),
      onWrmsr: (exit) => exit.acknowledge(),
    });
    walked.forEach((access, i) => {
      const unknown = failing.find(({ index }) => index === access.access.index);
      assertExited(session, access, unknown?.cause ?? "filter", `(access ${i})`);
      if (i % 4 === 2) assertEquals(access.value, 0n, nameAccess(access.access, "unanswered"));
    });
  },
);

clause(
  "X-45",
  "error and pad are 0 at every exit, whatever user space left there",
  { requires: [reportsUnknownMsrs] },
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
    vm.setMsrFilter(DENIES_SOME);
    const session = Session.boot(vm, asm64`jmp finish`);
    const view = session.vcpu.kvmRun;
    const seen: bigint[] = [];
    const answer = (refuse: () => void, accept: () => void): void => {
      seen.push(view.getBigUint64(kvmRunOffset("msr.error"), true));
      if (seen.length % 3 === 0) accept();
      else refuse();
      for (let i = 0; i < 7; i++) view.setUint8(kvmRunOffset("msr.pad") + i, 0xff);
    };
    litter(view);
    const accesses = [...FAILING_ACCESSES, ...FAILING_ACCESSES.toReversed()];
    const walked = session.walk(accesses, {
      onRdmsr: (exit) => answer(() => exit.refuse(0xff), () => exit.supply(ALL_ONES)),
      onWrmsr: (exit) => answer(() => exit.refuse(0xff), () => exit.acknowledge()),
    });
    walked.forEach((access, i) => {
      assertExited(session, access, accesses[i]!.cause);
      assertEquals(seen[i], 0n, `error and pad at the exit of the ${nameAccess(access.access)}`);
    });
  },
);

clause(
  "X-105",
  "an access that does not exit leaves the fields of the MSR exit as user space left them",
  ({ kvm }) => {
    using vm = kvm.createVm();
    vm.setMsrFilter(DENIES_SOME);
    const session = Session.boot(vm, asm64`jmp finish`);
    const { vcpu } = session;
    const allowed: MsrAccess[] = [{ kind: "read", index: Msr.IA32_PAT }];
    for (const access of [...FAILING_ACCESSES, ...allowed]) {
      // HLT, because its exit has no fields of its own.
      session.load(asm64`
          mov ecx, ${access.index}
          mov eax, ${(access.value ?? 0n) & 0xffff_ffffn}
          mov edx, ${(access.value ?? 0n) >> 32n}
          ${access.kind === "read" ? "rdmsr" : "wrmsr"}
          hlt
        vector_13:
          hlt
      `);
      litter(vcpu.kvmRun);
      session.next("HLT");
      const left = Array.from(
        { length: UNION.end - UNION.first },
        (_, i) => vcpu.kvmRun.getUint8(UNION.first + i),
      );
      const changed = left.findIndex((byte) => byte !== GARBAGE);
      assertEquals(changed, -1, `the first byte that changed, ${nameAccess(access)}`);
    }
  },
);
