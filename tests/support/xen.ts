/**
 * Xen's hypercall page as KVM plays it: user space names an MSR and a blob, and
 * KVM copies the blob into the page that a guest writes to the MSR (api.rst
 * KVM_XEN_HVM_CONFIG).
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { IOCTL, type Vm } from "@trapline/trapline";

/** The MSR that leaves room for Hyper-V's, as all of KVM's kinds of hypervisor share the space. */
export const XEN_MSR = 0x4000_0200;
/** Bytes of the blob: one page. */
export const XEN_BLOB_SIZE = 4096;

/** `struct kvm_xen_hvm_config`: KVM is to copy from address `blob` where the guest asks by `msr`. */
export function configureXen(vm: Vm, msr: number, blob: bigint): void {
  const bytes = new Uint8Array(IOCTL.XEN_HVM_CONFIG.size);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, msr, true);
  view.setBigUint64(16, blob, true);
  view.setUint8(25, 1);
  assertEquals(vm.raw(IOCTL.XEN_HVM_CONFIG, bytes), { result: 0, errno: 0 }, "KVM_XEN_HVM_CONFIG");
}
