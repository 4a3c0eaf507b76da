/**
 * Registers through `kvm_run` instead of ioctls (`KVM_CAP_SYNC_REGS`, api.rst
 * section 6).
 *
 * @module
 */
import {
  KVM_RUN,
  KVM_SYNC_REGS,
  KVM_SYNC_X86_EVENTS,
  KVM_SYNC_X86_REGS,
  KVM_SYNC_X86_SREGS,
} from "./abi/kvm_run.ts";
import { KVM_REGS, type Regs, type Sregs } from "./abi/regs.ts";
import type { VcpuEvents } from "./abi/vcpu_state.ts";
import type { RunPage } from "./run_page.ts";

/** The sets of registers that `kvm_run` can carry. */
export type SyncRegSet = "regs" | "sregs" | "events";

const BITS: Readonly<Record<SyncRegSet, number>> = {
  regs: KVM_SYNC_X86_REGS,
  sregs: KVM_SYNC_X86_SREGS,
  events: KVM_SYNC_X86_EVENTS,
};

const FIELD = KVM_RUN.fields;
const S = FIELD["s.regs"].offset;
const SET = KVM_SYNC_REGS.fields;

/**
 * The register area of one vCPU's `kvm_run`.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { asm64, Kvm, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const session = Session.boot(vm, asm64`
 *   mov ebx, 0x77
 *   out 0x80, al
 * `);
 * if (kvm.checkExtension("SYNC_REGS") !== 0) {
 *   session.vcpu.syncRegs.request(["regs"]);
 *   session.next("IO");
 *   assertEquals(session.vcpu.syncRegs.regs.rbx, 0x77n);
 * }
 * ```
 */
export class SyncRegs {
  readonly #page: RunPage;

  /** Made by `Vcpu`. */
  constructor(page: RunPage) {
    this.#page = page;
  }

  /** Chooses which sets the kernel stores at every exit (`kvm_valid_regs`). */
  request(sets: readonly SyncRegSet[]): void {
    const mask = sets.reduce((mask, set) => mask | BITS[set], 0);
    FIELD.kvm_valid_regs.set(this.#page.view, 0, BigInt(mask));
  }

  /** Has the kernel store `set` beside what was requested, until the result is disposed of. */
  requestAlso(set: SyncRegSet): Disposable {
    const before = FIELD.kvm_valid_regs.get(this.#page.view, 0);
    FIELD.kvm_valid_regs.set(this.#page.view, 0, before | BigInt(BITS[set]));
    return {
      [Symbol.dispose]: () => FIELD.kvm_valid_regs.set(this.#page.view, 0, before),
    };
  }

  /** One general register as of the last exit; what it costs is one read of memory. */
  general(name: keyof Regs): bigint {
    return this.#page.view.getBigUint64(S + KVM_REGS.fields[name].offset, true);
  }

  /** The general registers as of the last exit. */
  get regs(): Regs {
    return SET.regs.get(this.#page.view, S);
  }

  /** The special registers as of the last exit. */
  get sregs(): Sregs {
    return SET.sregs.get(this.#page.view, S);
  }

  /** The vCPU events as of the last exit. */
  get events(): VcpuEvents {
    return SET.events.get(this.#page.view, S);
  }

  /** Changes registers, which the kernel loads at the next entry (`kvm_dirty_regs`). */
  write(change: {
    readonly regs?: Partial<Regs>;
    readonly sregs?: Partial<Sregs>;
    readonly events?: Partial<VcpuEvents>;
  }): void {
    const view = this.#page.view;
    let dirty = Number(FIELD.kvm_dirty_regs.get(view, 0));
    KVM_SYNC_REGS.write(view, change as Parameters<typeof KVM_SYNC_REGS.write>[1], S);
    for (const set of ["regs", "sregs", "events"] as const) {
      if (change[set] !== undefined) dirty |= BITS[set];
    }
    FIELD.kvm_dirty_regs.set(view, 0, BigInt(dirty));
  }
}
