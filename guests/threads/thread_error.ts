/**
 * The error of a thread that is no more.
 *
 * @module
 */

/**
 * The thread of a vCPU died, or did not stop. The vCPU itself is whole: once
 * the thread is gone it can be closed, or run by another thread.
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
