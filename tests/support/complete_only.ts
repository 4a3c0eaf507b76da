/**
 * Completing what user space answered without letting the guest go on.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ERRNO, IOCTL, kvmRunOffset, type Session } from "@trapline/trapline";

const IMMEDIATE_EXIT = kvmRunOffset("immediate_exit");

/**
 * Enters the vCPU with `kvm_run.immediate_exit` set (api.rst section 5) and
 * asserts that `KVM_RUN` returns EINTR. `exit_reason` is no part of that: the
 * kernel leaves there what the exit before it left.
 */
export function completeOnly({ vcpu }: Session): void {
  vcpu.kvmRun.setUint8(IMMEDIATE_EXIT, 1);
  const result = vcpu.raw(IOCTL.RUN);
  vcpu.kvmRun.setUint8(IMMEDIATE_EXIT, 0);
  assertEquals(result, { result: -1, errno: ERRNO.EINTR }, "KVM_RUN with immediate_exit");
}
