/**
 * What user space's answer to an MSR exit does to the guest.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  assertGp,
  assertNoFault,
  EXIT_REASON,
  type Kvm,
  kvmRunOffset,
  Msr,
  type MsrAccess,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { bootDenied } from "../support/msr_exits.ts";
import { KNOWN_MSRS } from "../support/msr_probes.ts";
import {
  assertRegisters,
  registersBefore,
  type SentinelAccess,
  withSentinels,
} from "../support/sentinels.ts";
import { assertExited, nameAccess } from "../support/walked.ts";

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** MSRs of both ranges of the hardware's bitmaps and of none. */
const INDICES = [Msr.IA32_SYSENTER_CS, Msr.KERNEL_GS_BASE, Msr.KVM_SYSTEM_TIME_NEW, 0xdead_beef];

function each(kind: MsrAccess["kind"], times = 1): MsrAccess[] {
  return Array.from({ length: times }, () => INDICES)
    .flatMap((indices) => indices.map((index) => ({ kind, index, value: 0x2bn })));
}

clause("K-09", "data reaches the guest's EDX:EAX when a read is answered", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = bootDenied(vm);
  const bits = Array.from({ length: 64 }, (_, bit) => 1n << BigInt(bit));
  const values = [0n, ALL_ONES, 0x0123_4567_89ab_cdefn, ...bits, ...bits.map((v) => ALL_ONES ^ v)];
  const accesses = INDICES.flatMap((index) =>
    values.map((): MsrAccess => ({ kind: "read", index }))
  );
  let next = 0;
  const walked = session.walk(accesses, {
    onRdmsr: (exit) => exit.supply(values[next++ % values.length]!),
  });
  walked.forEach((access, i) => {
    assertExited(session, access, "filter");
    assertEquals(access.value, values[i % values.length], nameAccess(access.access));
  });
});

clause("K-10", "a read answered with error 1 raises #GP in the guest", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = bootDenied(vm);
  const walked = session.walk(each("read"), { onRdmsr: (exit) => exit.refuse(1) });
  walked.forEach((access) => assertExited(session, access, "filter"));
});

clause("K-13", "the guest continues after an acknowledged write without a fault", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = bootDenied(vm);
  for (const index of INDICES) {
    const access: SentinelAccess = { kind: "write", index };
    session.load(withSentinels(access));
    session.next("X86_WRMSR").acknowledge();
    const seen = session.finish();
    assertNoFault(session, seen);
    assertRegisters(session, seen, registersBefore(access), `write of 0x${index.toString(16)}`);
  }
  const walked = session.walk(each("write"), { onWrmsr: (exit) => exit.acknowledge() });
  walked.forEach((access) => assertExited(session, access, "filter"));
});

clause("K-14", "a write answered with error 1 raises #GP in the guest", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = bootDenied(vm);
  const walked = session.walk(each("write"), { onWrmsr: (exit) => exit.refuse(1) });
  walked.forEach((access) => assertExited(session, access, "filter"));
});

clause("X-46", "any error byte but 0 raises #GP", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = bootDenied(vm);
  for (const kind of ["read", "write"] as const) {
    const accesses = Array.from({ length: 255 }, (): MsrAccess => ({ kind, index: INDICES[0]! }));
    let error = 0;
    const walked = session.walk(accesses, {
      onRdmsr: (exit) => exit.refuse(++error),
      onWrmsr: (exit) => exit.refuse(++error),
    });
    walked.forEach((access, i) => assertExited(session, access, "filter", `with error ${i + 1}`));
  }
  const walked = session.walk([...each("read"), ...each("write")], {
    onRdmsr: (exit) => exit.supply(0x1234n),
    onWrmsr: (exit) => exit.acknowledge(),
  });
  walked.forEach((access) => assertExited(session, access, "filter", "with error 0"));
});

/** What could divert a kernel that reads its own fields back. */
const DIVERSIONS = [
  { exit_reason: EXIT_REASON.X86_WRMSR, reason: 0, index: Msr.IA32_SYSENTER_CS },
  { exit_reason: EXIT_REASON.X86_RDMSR, reason: 1, index: Msr.SYSCALL_MASK },
  { exit_reason: EXIT_REASON.IO, reason: 7, index: Msr.EFER },
  { exit_reason: 0xffff_ffff, reason: 0xffff_ffff, index: 0xffff_ffff },
];

clause(
  "X-47",
  "completion ignores what user space writes to reason, index, exit_reason and the padding",
  ({ kvm }) => {
    using vm = kvm.createVm();
    const session = bootDenied(vm);
    const msrs = [Msr.IA32_SYSENTER_CS, Msr.SYSCALL_MASK, Msr.EFER];
    const before = session.vcpu.getMsrs(msrs);
    const accesses = [...each("read", 2), ...each("write", 2)];
    for (const { exit_reason, reason, index } of DIVERSIONS) {
      let count = 0;
      const divert = (refuse: () => void, accept: () => void): void => {
        // Each access comes twice; the second time round it is refused.
        if (count++ % (2 * INDICES.length) < INDICES.length) accept();
        else refuse();
        const view = session.vcpu.kvmRun;
        view.setUint32(kvmRunOffset("exit_reason"), exit_reason, true);
        view.setUint32(kvmRunOffset("msr.reason"), reason, true);
        view.setUint32(kvmRunOffset("msr.index"), index, true);
        for (let byte = 1; byte <= 7; byte++) {
          view.setUint8(kvmRunOffset("msr.error") + byte, 0xa5);
        }
      };
      const walked = session.walk(accesses, {
        onRdmsr: (exit) => divert(() => exit.refuse(), () => exit.supply(0x600d_da7a_600d_da7an)),
        onWrmsr: (exit) => divert(() => exit.refuse(), () => exit.acknowledge()),
      });
      const detail = `with exit_reason ${exit_reason}, reason ${reason}, index ${index}`;
      walked.forEach((access) => assertExited(session, access, "filter", detail));
      assertEquals(session.vcpu.getMsrs(msrs), before, detail);
    }
  },
);

clause("X-48", "an acknowledged write stores nothing in KVM, whatever data holds", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = bootDenied(vm);
  const indices = KNOWN_MSRS.map(({ index }) => index);
  session.vcpu.setMsrs(KNOWN_MSRS.map(({ index, values }) => [index, values[0]]));
  const before = session.vcpu.getMsrs(indices);
  assertEquals(before, KNOWN_MSRS.map(({ values }) => values[0]), "the MSRs as the host set them");
  const accesses = KNOWN_MSRS.map(({ index, values }): MsrAccess => (
    { kind: "write", index, value: values[1] }
  ));
  for (const data of [undefined, 0x10n, 0n]) {
    const walked = session.walk(accesses, {
      onWrmsr: (exit) => {
        exit.acknowledge();
        if (data !== undefined) {
          session.vcpu.kvmRun.setBigUint64(kvmRunOffset("msr.data"), data, true);
        }
      },
    });
    walked.forEach((access) => assertExited(session, access, "filter", `with data ${data}`));
    assertEquals(session.vcpu.getMsrs(indices), before, `with data ${data}`);
  }
});

function refusedRead(kvm: Kvm, index: number): void {
  using vm = kvm.createVm();
  const session = bootDenied(vm);
  const access: SentinelAccess = { kind: "read", index };
  session.load(withSentinels(access));
  const exit = session.next("X86_RDMSR");
  exit.supply(0x0bad_0bad_0bad_0badn);
  exit.refuse();
  const seen = session.finish();
  assertGp(session, seen, { rip: session.symbol("access") });
  assertRegisters(session, seen, registersBefore(access), `read of 0x${index.toString(16)}`);
}

clause("X-49", "a refused read ignores data and leaves RAX and RDX as they were", ({ kvm }) => {
  for (const index of INDICES) refusedRead(kvm, index);
});
