/**
 * The region that a vCPU shares with user space, `struct kvm_run`.
 *
 * @module
 */
import { KVM_RUN } from "./abi/kvm_run.ts";
import { ClosedError } from "./errors.ts";
import { Mapping } from "./sys/mapping.ts";

/** A vCPU's `struct kvm_run` and the count of its entries into the guest. */
export class RunPage {
  readonly #mapping: Mapping;
  readonly #view: DataView<ArrayBuffer>;
  /** How often the vCPU was entered; an answer is for one entry only. */
  entries = 0;
  /** Whether another thread runs the vCPU; an ioctl from here would wait for it to come back. */
  runsElsewhere = false;
  /** Called before the region is unmapped: brings another thread that runs the vCPU out of it. */
  beforeClose: (() => void) | undefined;

  /** Takes over `mapping`, the region of a vCPU. */
  constructor(mapping: Mapping) {
    this.#mapping = mapping;
    this.#view = new DataView(mapping.buffer);
  }

  /**
   * All bytes of the region.
   *
   * @throws {ClosedError} When the vCPU is closed.
   */
  get view(): DataView<ArrayBuffer> {
    if (this.#mapping.closed) throw new ClosedError("use kvm_run", "vCPU");
    return this.#view;
  }

  /** Address of the region in this process. */
  get address(): bigint {
    return this.#mapping.address;
  }

  /** Why the vCPU cannot be used from here at the moment. */
  obstacle(): string | undefined {
    return this.runsElsewhere ? "the vCPU runs on another thread, stop it first" : undefined;
  }

  /** Throws unless the vCPU still is where it was after entry number `entry`. */
  assertStill(entry: number, action: string): void {
    if (this.entries !== entry) {
      throw new Error(`Cannot ${action}: the vCPU has been entered again since this exit`);
    }
  }

  /** Unmaps the region. */
  close(): void {
    this.beforeClose?.();
    this.beforeClose = undefined;
    this.#mapping.close();
  }
}

/**
 * The offset of a member of `struct kvm_run`, in bytes, by its C path: for
 * reading and writing `Vcpu.kvmRun` byte by byte.
 *
 * @throws {RangeError} When the structure has no such member here.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { kvmRunOffset } from "@trapline/trapline";
 *
 * assertEquals(kvmRunOffset("msr.error"), 32);
 * ```
 */
export function kvmRunOffset(path: string): number {
  const field = (KVM_RUN.fields as Readonly<Record<string, { readonly offset: number }>>)[path];
  if (field === undefined) throw new RangeError(`Cannot find "${path}" in struct kvm_run`);
  return field.offset;
}
