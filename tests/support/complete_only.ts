/**
 * Completing what user space answered without letting the guest go on.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ERRNO, IOCTL, KVM_RUN, type Session } from "@trapline/trapline";

const { immediate_exit } = KVM_RUN.fields;

/**
 * Enters the vCPU with `kvm_run.immediate_exit` set (api.rst section 5) and
 * asserts that `KVM_RUN` returns EINTR. `exit_reason` is no part of that: the
 * kernel leaves there what the exit before it left.
 */
export function completeOnly({ vcpu }: Session): void {
  immediate_exit.set(vcpu.kvmRun, 0, 1);
  const result = vcpu.raw(IOCTL.RUN);
  immediate_exit.set(vcpu.kvmRun, 0, 0);
  assertEquals(result, { result: -1, errno: ERRNO.EINTR }, "KVM_RUN with immediate_exit");
}
