/**
 * Exits without a filter: user space answers for the MSRs that KVM does not
 * know, as OpenVMM does it, and KVM keeps all that it knows.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { assertGp, assertValue, guest, Kvm, Msr, readHost, Session } from "@trapline/trapline";

const NOBODYS = 0x2fff;

// With kvm.ignore_msrs KVM swallows these accesses: the guest reads 0 and nobody is asked.
const ignoreMsrs = readHost().modules.find(({ name }) => name === "kvm")?.parameters.ignore_msrs;
const ignore = ignoreMsrs === "Y" || ignoreMsrs === "1";
const why = ignore ? " [ignored: kvm.ignore_msrs is on]" : "";

Deno.test({
  name: `an MSR that KVM does not know comes to user space with reason unknown${why}`,
  ignore,
  fn: () => {
    using kvm = Kvm.open();
    using vm = kvm.createVm();
    vm.enableUserSpaceMsr(["unknown"]);
    const session = Session.boot(vm, guest.rdmsr(NOBODYS));
    const exit = session.next("X86_RDMSR");
    assertEquals([exit.index, exit.reasons], [NOBODYS, ["unknown"]]);
    exit.supply(42n);
    assertValue(session, session.finish(), 42n);
  },
});

Deno.test("what KVM knows never comes to user space without a filter that denies it", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["unknown", "filter"]);
  const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
  assertValue(session, session.finish(), 0n);
});

Deno.test({
  name: `the reasons are one mask that each call sets anew, and 0 ends all exits${why}`,
  ignore,
  fn: () => {
    using kvm = Kvm.open();
    using vm = kvm.createVm();
    const session = Session.boot(vm, guest.rdmsr(NOBODYS));
    vm.enableUserSpaceMsr(["unknown"]);
    vm.enableUserSpaceMsr(["filter"]); // "unknown" is off again.
    assertGp(session, session.finish(), { rip: session.symbol("rdmsr") });
    vm.enableUserSpaceMsr([]);
    session.restart();
    assertGp(session, session.finish(), { rip: session.symbol("rdmsr") });
  },
});
