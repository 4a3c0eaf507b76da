/**
 * What `Kvm`, `Vm` and `Vcpu` have in common: a file descriptor that is closed
 * once, and the two doors to its ioctls.
 *
 * @module
 */
import type { Ioctl } from "./abi/ioctl.ts";
import { ClosedError, KvmError } from "./errors.ts";
import { closeFd, ioctl, type IoctlArgument } from "./sys/fd.ts";

export type { IoctlArgument } from "./sys/fd.ts";

/** What the raw door gives back: exactly what the C library would. */
export interface RawResult {
  /** The ioctl's result; -1 when the kernel refused it. */
  readonly result: number;
  /** errno when `result` is -1, else 0. */
  readonly errno: number;
}

/**
 * A file descriptor of KVM.
 *
 * @example Usage
 * ```ts
 * import { assert, assertThrows } from "@std/assert";
 * import { ClosedError, Kvm } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * const vm = kvm.createVm(); // A Handle, as Kvm and Vcpu are.
 * vm.close();
 * assert(vm.closed);
 * assertThrows(() => vm.createVcpu(), ClosedError);
 * ```
 */
export abstract class Handle implements Disposable {
  /** What the messages call this object, `VM`. */
  protected abstract readonly kind: string;
  readonly #fd: number;
  readonly #obstacle: (() => string | undefined) | undefined;
  #closed = false;

  /**
   * Takes over `fd`, which {@linkcode Handle.close} will close. `obstacle` says
   * why the object cannot be used at the moment; the raw door does not ask it.
   */
  constructor(fd: number, obstacle?: () => string | undefined) {
    this.#fd = fd;
    this.#obstacle = obstacle;
  }

  /** The descriptor's number. */
  get fd(): number {
    return this.#fd;
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Closes the descriptor. Safe to call twice, and in any order with the others. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.release();
  }

  /** Closes the descriptor itself. */
  protected release(): void {
    closeFd(this.#fd);
  }

  /** Same as `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * The raw door: any ioctl with any number, any bytes, any address, without
   * a check and without throwing for what the kernel refuses.
   *
   * An address is handed to the kernel as it is. One that points into memory
   * in use lets the kernel overwrite it.
   *
   * @param request An entry of {@linkcode IOCTL}, or the bare request number.
   * @param argument A number or address, or the buffer whose address is meant.
   * @throws {ClosedError} When this object is closed.
   *
   * @example Usage
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { Kvm } from "@trapline/trapline";
   *
   * using kvm = Kvm.open();
   * assertEquals(kvm.raw(0xae00), { result: 12, errno: 0 }); // KVM_GET_API_VERSION
   * ```
   */
  raw(request: Ioctl | number, argument: IoctlArgument = 0): RawResult {
    const [name, number] = typeof request === "number"
      ? [`ioctl 0x${request.toString(16)}`, request]
      : [request.name, request.request];
    if (this.#closed) throw new ClosedError(`call ${name}`, this.kind);
    const result = ioctl(this.#fd, number, argument);
    return result < 0 ? { result: -1, errno: -result } : { result, errno: 0 };
  }

  /** Calls `request` and throws when the kernel refuses it. */
  protected call(request: Ioctl, argument: IoctlArgument = 0, detail = ""): number {
    // Not assertOpen(): the message would be built on every call.
    if (this.#closed) throw new ClosedError(`call ${request.name}`, this.kind);
    const why = this.#obstacle?.();
    if (why !== undefined) throw new Error(`Cannot call ${request.name}: ${why}`);
    const result = ioctl(this.#fd, request.request, argument);
    if (result < 0) throw new KvmError(request.name, -result, detail);
    return result;
  }

  /** Throws when this object is closed, or may not be used now. */
  protected assertOpen(action: string): void {
    if (this.#closed) throw new ClosedError(action, this.kind);
    const why = this.#obstacle?.();
    if (why !== undefined) throw new Error(`Cannot ${action}: ${why}`);
  }
}
