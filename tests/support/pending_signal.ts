/**
 * A signal that waits for the next `KVM_RUN`.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { asm64, ERRNO, IOCTL, type Kvm, Session, type Vm } from "@trapline/trapline";

// Bochs lets the host's timer end a run only where the guest would take an interrupt.
const SPIN = asm64`
    out 0x80, al
    sti
  spin:
    jmp spin
`;

/** A tenth of it passes before the deadline's signal comes for the first time. */
const DEADLINE_MS = 500;

/**
 * Makes the signal of deadlines pending, which is blocked in this thread and
 * unblocked while a vCPU runs (`KVM_SET_SIGNAL_MASK`).
 *
 * It has a guest of its own, which spins until the signal has ended its run.
 * The raw door does not take the signal away, so that every `KVM_RUN` through
 * it ends at once, until `Vcpu.run()` takes the signal.
 */
export class PendingSignal implements Disposable {
  readonly #vm: Vm;
  readonly #spinning: Session;

  /** Boots the guest that spins. */
  constructor(kvm: Kvm) {
    this.#vm = kvm.createVm();
    this.#spinning = Session.boot(this.#vm, SPIN);
  }

  /** Waits until the signal is pending. */
  raise(): void {
    this.#spinning.restart();
    this.#spinning.step({ deadlineMs: DEADLINE_MS });
    assertEquals(this.#spinning.vcpu.raw(IOCTL.RUN), { result: -1, errno: ERRNO.EINTR });
  }

  /** Closes the guest. */
  [Symbol.dispose](): void {
    this.#vm.close();
  }
}
