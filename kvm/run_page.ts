/**
 * The region that a vCPU shares with user space, `struct kvm_run`.
 *
 * @module
 */
import { ClosedError } from "./errors.ts";
import { Mapping } from "./sys/mapping.ts";

/** A vCPU's `struct kvm_run` and the count of its entries into the guest. */
export class RunPage {
  readonly #mapping: Mapping;
  readonly #view: DataView<ArrayBuffer>;
  /** How often the vCPU was entered; an answer is for one entry only. */
  entries = 0;

  /** Maps `size` bytes of the vCPU `fd`. */
  constructor(fd: number, size: number) {
    this.#mapping = Mapping.ofFd(fd, size);
    this.#view = new DataView(this.#mapping.buffer);
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

  /** Throws unless the vCPU still is where it was after entry number `entry`. */
  assertStill(entry: number, action: string): void {
    if (this.entries !== entry) {
      throw new Error(`Cannot ${action}: the vCPU has been entered again since this exit`);
    }
  }

  /** Unmaps the region. */
  close(): void {
    this.#mapping.close();
  }
}
