/**
 * Registers through `kvm_run`.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { asm64, type Kvm, Session, type Vm } from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";
import { capability } from "../support/requirements.ts";

function boot(kvm: Kvm): { vm: Vm; session: Session } {
  const vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov ebx, 0x77
      out 0x80, al
      add ebx, 1
      mov rsi, cr2
      out 0x80, al
      jmp finish
    `,
  );
  return { vm, session };
}

const options = { requires: [capability("SYNC_REGS")] };

kvmTest("request() has the kernel store what regs(), sregs() and events() give", ({ kvm }) => {
  const { vm, session } = boot(kvm);
  using _ = vm;
  const { vcpu } = session;
  vcpu.syncRegs.request(["regs", "sregs", "events"]);
  session.next("IO");
  assertEquals(vcpu.syncRegs.regs.rbx, 0x77n);
  assertEquals(vcpu.syncRegs.regs, vcpu.regs());
  assertEquals(vcpu.syncRegs.sregs, vcpu.sregs());
  assertEquals(vcpu.syncRegs.events, vcpu.events());
}, options);

kvmTest("request() of one set leaves the others, and of none stops", ({ kvm }) => {
  const { vm, session } = boot(kvm);
  using _ = vm;
  const { syncRegs } = session.vcpu;
  syncRegs.request(["regs"]);
  session.next("IO");
  assertEquals([syncRegs.regs.rbx, syncRegs.sregs.cr0], [0x77n, 0n]);
  syncRegs.request([]);
  session.next("IO");
  assertEquals([syncRegs.regs.rbx, session.vcpu.regs().rbx], [0x77n, 0x78n]);
}, options);

kvmTest("write() is applied at the next entry, once", ({ kvm }) => {
  const { vm, session } = boot(kvm);
  using _ = vm;
  const { vcpu } = session;
  vcpu.syncRegs.request(["regs", "sregs"]);
  session.next("IO");
  vcpu.syncRegs.write({ regs: { rbx: 0x100n }, sregs: { cr2: 0x5000n } });
  assertEquals(vcpu.regs().rbx, 0x77n);
  session.next("IO");
  assertEquals([vcpu.syncRegs.regs.rbx, vcpu.syncRegs.regs.rsi], [0x101n, 0x5000n]);
  vcpu.setRegs({ ...vcpu.regs(), rbx: 0x200n });
  assertEquals(session.finish().regs.rbx, 0x200n);
}, options);

kvmTest("write() of events queues an NMI", ({ kvm }) => {
  const { vm, session } = boot(kvm);
  using _ = vm;
  session.vcpu.syncRegs.request(["events"]);
  session.next("IO");
  session.vcpu.syncRegs.write({ events: { flags: 1, "nmi.pending": 1 } });
  assertEquals(session.finish().fault?.vector, 2);
}, options);
