/**
 * Which arguments enabling `KVM_CAP_X86_USER_SPACE_MSR` may have, and where;
 * no refused one changes the mask.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  CAP,
  encodeRawEnableCap,
  IOCTL,
  type Kvm,
  Msr,
  MsrFilter,
  type RawResult,
  type Session,
  type Vcpu,
  type Vm,
} from "@trapline/trapline";
import { assertWalk, bootWalker, exits, faults, read, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { assertAccepted, assertRefused } from "../support/raw_filter.ts";

/** The bit of `KVM_MSR_EXIT_REASON_FILTER`. */
const FILTER = 4n;

function enable(on: Vm | Vcpu, args: readonly bigint[], flags = 0): RawResult {
  const argument = encodeRawEnableCap({ cap: CAP.X86_USER_SPACE_MSR, flags, args });
  return on.raw(IOCTL.ENABLE_CAP, argument);
}

/** A guest to which everything is denied, in a VM whose mask is still off. */
function deniedGuest(kvm: Kvm): { vm: Vm; session: Session } & Disposable {
  const vm = kvm.createVm();
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  return { vm, session: bootWalker(vm), [Symbol.dispose]: () => vm.close() };
}

const DENIED = [
  read(Msr.IA32_SYSENTER_CS),
  write(Msr.KERNEL_GS_BASE, 0x1234_5000n),
  read(0x474f_4f00),
  write(0x474f_4f00, 1n),
];

/** Asserts by the guest's accesses whether FILTER is in the mask. */
function assertMask(session: Session, mask: bigint, circumstances: string): void {
  const want = (mask & FILTER) === 0n ? faults : exits;
  assertWalk(session, circumstances, DENIED.map((access) => want(access)));
}

/** Each mask that tells FILTER on from FILTER off, and the other one, which must not replace it. */
const STANDING_AND_OTHER = [[FILTER, 0n], [0n, FILTER]] as const;

clause(
  "X-23",
  "a flag of the capability is refused, and all arguments but the first are ignored",
  ({ kvm }) => {
    using guest = deniedGuest(kvm);
    const { vm, session } = guest;
    const flags = [...Array.from({ length: 32 }, (_, bit) => (1 << bit) >>> 0), 0xffff_ffff];
    for (const [standing, other] of STANDING_AND_OTHER) {
      vm.enableCap("X86_USER_SPACE_MSR", [standing]);
      for (const flag of flags) {
        const what = `flags 0x${
          flag.toString(16)
        } with mask ${other}, while the mask is ${standing}`;
        assertRefused(enable(vm, [other], flag), "EINVAL", what);
        assertMask(session, standing, `after ${what}`);
      }
    }
    const all = 0xffff_ffff_ffff_ffffn;
    const rests = [[all, all, all], [FILTER, 0n, 0n], [0n, 2n, 0n], [0n, 0n, 1n << 63n], [
      1n,
      2n,
      3n,
    ]];
    for (const rest of rests) {
      for (const mask of [FILTER, 0n, 7n, 3n]) {
        const what = `arguments ${mask}, ${rest.join(", ")}`;
        assertAccepted(enable(vm, [mask, ...rest]), what);
        assertMask(session, mask, what);
      }
    }
  },
);

clause("X-24", "the capability belongs to the VM: a vCPU refuses it", ({ kvm }) => {
  using guest = deniedGuest(kvm);
  const { vm, session } = guest;
  for (const standing of [FILTER, 0n]) {
    vm.enableCap("X86_USER_SPACE_MSR", [standing]);
    for (let mask = 0n; mask < 8n; mask++) {
      const what = `mask ${mask} on the vCPU, while the VM's is ${standing}`;
      assertRefused(enable(session.vcpu, [mask]), "EINVAL", what);
      assertMask(session, standing, `after ${what}`);
    }
  }
});

clause(
  "X-25",
  "no bit of the mask's 64 but the three reasons is accepted, the upper half included",
  ({ kvm }) => {
    using guest = deniedGuest(kvm);
    const { vm, session } = guest;
    const bits = Array.from({ length: 61 }, (_, i) => 1n << BigInt(i + 3));
    const upperHalf = 0xffff_ffff_0000_0000n;
    for (const [standing, other] of STANDING_AND_OTHER) {
      vm.enableCap("X86_USER_SPACE_MSR", [standing]);
      for (const bit of [...bits, upperHalf, 0xffff_ffff_ffff_fff8n]) {
        for (const mask of [bit, bit | other, bit | 7n]) {
          const what = `mask 0x${mask.toString(16)}, while it is ${standing}`;
          assertRefused(enable(vm, [mask]), "EINVAL", what);
        }
        assertMask(session, standing, `after masks with 0x${bit.toString(16)} were refused`);
      }
    }
    for (let mask = 0n; mask < 8n; mask++) {
      assertAccepted(enable(vm, [mask]), `mask ${mask}`);
      assertMask(session, mask, `mask ${mask}`);
    }
  },
);

clause(
  "X-26",
  "both capabilities are reported as exactly 1, on the system and on the VM",
  ({ kvm }) => {
    using vm = kvm.createVm();
    const report = (): number[] =>
      [kvm, vm].flatMap((handle) => [
        handle.checkExtension("X86_USER_SPACE_MSR"),
        handle.checkExtension("X86_MSR_FILTER"),
      ]);
    assertEquals(report(), [1, 1, 1, 1], "both capabilities, on the system and on the VM");
    vm.enableUserSpaceMsr(["inval", "unknown", "filter"]);
    vm.setMsrFilter(MsrFilter.DENY_ALL);
    assertEquals(report(), [1, 1, 1, 1], "with every reason enabled, and a filter");
    assertMask(bootWalker(vm), FILTER, "with every reason enabled, and a filter");
  },
);
