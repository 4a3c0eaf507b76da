/**
 * The argument of `KVM_ENABLE_CAP` for the raw door.
 *
 * @module
 */
import { KVM_ENABLE_CAP_ARGS } from "./abi/lists.ts";

/** `struct kvm_enable_cap` as the kernel reads it. */
export interface RawEnableCap {
  /** The capability's number. */
  readonly cap: number;
  /** `flags`; no capability of x86 defines any. */
  readonly flags?: number;
  /** Up to four arguments. */
  readonly args?: readonly bigint[];
}

/**
 * Lays out `struct kvm_enable_cap` without checking anything.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CAP, encodeRawEnableCap, IOCTL, Kvm } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const bytes = encodeRawEnableCap({ cap: CAP.X86_USER_SPACE_MSR, args: [8n] });
 * assertEquals(vm.raw(IOCTL.ENABLE_CAP, bytes), { result: -1, errno: 22 });
 * ```
 */
export function encodeRawEnableCap(
  { cap, flags = 0, args = [] }: RawEnableCap,
): Uint8Array<ArrayBuffer> {
  return KVM_ENABLE_CAP_ARGS.encode({ cap, flags, args });
}
