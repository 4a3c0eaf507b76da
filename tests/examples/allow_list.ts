/**
 * An allow-list by bitmaps: a default of deny, and two or three ranges that
 * cover all MSRs of the processors, with a bit set for each that KVM may
 * handle, as VirtualBox installs it. All else comes to user space.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  encodeRawMsrFilter,
  ERRNO,
  IOCTL,
  Kvm,
  KVM_MSR_FILTER_MAX_BITMAP_SIZE,
  Msr,
  type MsrAccess,
  msrBitmap,
  MsrFilter,
  type MsrRange,
  Session,
} from "@trapline/trapline";

// KVM_MSR_FILTER_MAX_BITMAP_SIZE is 0x600 bytes, and a byte is 8 MSRs.
const MOST = 8 * KVM_MSR_FILTER_MAX_BITMAP_SIZE;

/** The range from `base` on, as long as one can be, with `allowed` left to KVM. */
function window(base: number, allowed: readonly number[]): MsrRange {
  const bitmap = msrBitmap(MOST, allowed.map((index) => index - base));
  return { base, count: MOST, access: "read-write", bitmap };
}

const ALLOWED_LOW = [Msr.IA32_SYSENTER_CS, Msr.IA32_SYSENTER_ESP, Msr.IA32_SYSENTER_EIP, 0x2fff];
const ALLOWED_HIGH = [Msr.EFER, Msr.STAR, Msr.LSTAR];

const FILTER = new MsrFilter({
  default: "deny",
  ranges: [window(0, ALLOWED_LOW), window(0xc000_0000, ALLOWED_HIGH)],
});

/** The reasons that came with each access; none for one that made no exit. */
function reasonsFor(session: Session, accesses: readonly MsrAccess[]): string[] {
  const walked = session.walk(accesses, {
    onRdmsr: (exit) => exit.supply(0n),
    onWrmsr: (exit) => exit.acknowledge(),
  });
  return walked.map(({ exit }) => exit?.reasons.join("+") ?? "none");
}

Deno.test("what the list allows is KVM's, what it does not know comes with reason filter", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["inval", "unknown", "filter"]);
  vm.setMsrFilter(FILTER);
  const session = Session.boot(vm);
  const allowed = reasonsFor(session, [
    { kind: "write", index: Msr.IA32_SYSENTER_EIP, value: 0x1000n },
    { kind: "read", index: Msr.IA32_SYSENTER_EIP },
    { kind: "read", index: Msr.EFER },
  ]);
  assertEquals(allowed, ["none", "none", "none"]);
  // KVM's own MSRs and Hyper-V's are in no range: they come to user space by the default.
  const denied = [Msr.IA32_PAT, Msr.CSTAR, Msr.HV_X64_MSR_GUEST_OS_ID, Msr.KVM_SYSTEM_TIME_NEW];
  for (const kind of ["read", "write"] as const) {
    const reasons = reasonsFor(session, denied.map((index) => ({ kind, index, value: 0n })));
    assertEquals(reasons, ["filter", "filter", "filter", "filter"]);
  }
});

Deno.test("the filter comes first: an MSR that nobody has is no unknown one where it is denied", () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["inval", "unknown", "filter"]);
  vm.setMsrFilter(FILTER);
  const session = Session.boot(vm);
  const [denied, allowed] = reasonsFor(session, [
    { kind: "read", index: 0x2ffe },
    { kind: "read", index: 0x2fff },
  ]);
  assertEquals(denied, "filter");
  // With kvm.ignore_msrs the guest reads 0 and nobody is asked.
  assertEquals(allowed === "unknown" || allowed === "none", true, allowed);
});

Deno.test("a range has at most 0x3000 MSRs, the bits of 0x600 bytes", () => {
  assertEquals(MOST, 0x3000);
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  const range = (nmsrs: number) => ({ flags: 3, nmsrs, base: 0, bitmap: new Uint8Array(0x608) });
  const install = (nmsrs: number) =>
    vm.raw(
      IOCTL.X86_SET_MSR_FILTER,
      encodeRawMsrFilter({ flags: 1, ranges: [range(nmsrs)] }).bytes,
    );
  assertEquals(install(0x3000).result, 0);
  assertEquals(install(0x3001), { result: -1, errno: ERRNO.EINVAL });
});
