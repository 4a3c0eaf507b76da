/**
 * The error of a thread that is no more.
 *
 * @module
 */

/**
 * The thread of a vCPU died, or did not stop. The vCPU itself is whole: once
 * the thread is gone it can be closed, or run by another thread.
 *
 * @example Usage
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { asm64, Kvm, Session, VcpuThread, VcpuThreadError } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const { vcpu } = Session.boot(vm, asm64`jmp finish`);
 * const spawn = () => new Worker("data:text/javascript,postMessage({ kind: 0 })", { type: "module" });
 * const error = await assertRejects(() => VcpuThread.start(vcpu, spawn), VcpuThreadError);
 * assertEquals(error.vcpu, vcpu.id);
 * ```
 */
export class VcpuThreadError extends Error {
  /** The class, by name. */
  override readonly name = "VcpuThreadError";
  /** The vCPU id. */
  readonly vcpu: number;

  /** Builds the error for the thread of vCPU `vcpu`. */
  constructor(vcpu: number, what: string, options?: ErrorOptions) {
    super(`The thread of vCPU ${vcpu} ${what}`, options);
    this.vcpu = vcpu;
  }
}
