/**
 * Binary statistics.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { asm64, Session } from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";
import { capability } from "../support/requirements.ts";

const options = { requires: [capability("BINARY_STATS_FD")] };

kvmTest("Vcpu.stats() counts the exits", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
    again:
      out 0x80, al
      jmp again
    `,
  );
  const exits = (): bigint => session.vcpu.stats().get("exits")![0]!;
  const before = exits();
  for (let i = 0; i < 20; i++) session.next("IO");
  assert(exits() >= before + 20n, `${before} exits, then ${exits()}`);
}, options);

kvmTest("Vm.stats() and Vcpu.stats() read names and values of their own", ({ kvm }) => {
  using vm = kvm.createVm();
  const [ofVm, ofVcpu] = [vm.stats(), vm.createVcpu().stats()];
  assert(ofVm.has("remote_tlb_flush") && !ofVm.has("exits"));
  assert(ofVcpu.has("halt_exits") && ofVcpu.has("exits"));
  for (const [name, values] of [...ofVm, ...ofVcpu]) {
    assert(/^[a-z0-9_]+$/.test(name), name);
    assert(values.length > 0, name);
  }
  assertEquals([ofVcpu.get("exits"), ofVcpu.get("nmi_injections")], [[0n], [0n]]);
}, options);
