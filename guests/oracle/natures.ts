/**
 * What a KVM makes of an access by itself: learned in a VM that has no filter,
 * so that the oracle needs to know no MSR by name.
 *
 * @module
 */
import type { Kvm } from "../../kvm/kvm.ts";
import { MSR_EXIT_REASONS } from "../../kvm/msr_exit_reason.ts";
import type { Vm } from "../../kvm/vm.ts";
import { asm64 } from "../asm/mod.ts";
import { Session } from "../session.ts";
import type { MsrAccess, WalkedAccess } from "../walker.ts";
import type { MsrNature } from "./model.ts";

function natureOf({ exit, fault }: WalkedAccess): MsrNature {
  if (exit?.reasons.includes("unknown")) return "unknown";
  if (exit !== undefined) return "invalid";
  return fault === undefined ? "supported" : "faulting";
}

/** A number for what most accesses are: reads, and writes of 0. */
function keyOf({ kind, index, value = 0n, forcedEmulation = false }: MsrAccess): number | string {
  const key = index * 4 + (forcedEmulation ? 2 : 0) + (kind === "write" ? 1 : 0);
  return kind === "read" || value === 0n ? key : `${key} ${value}`;
}

/**
 * The natures of accesses on one KVM, each learned when it is first asked for.
 * It owns a VM until it is closed.
 */
export class MsrNatures implements Disposable {
  readonly #vm: Vm;
  readonly #session: Session;
  readonly #known: Map<number | string, MsrNature> = new Map();

  /**
   * Makes the VM without a filter.
   *
   * @throws {KvmError} When the kernel refuses one of the steps.
   */
  constructor(kvm: Kvm) {
    this.#vm = kvm.createVm();
    try {
      this.#vm.enableUserSpaceMsr(MSR_EXIT_REASONS);
      this.#session = Session.boot(this.#vm, asm64`jmp finish`, { maxExits: Infinity });
    } catch (error) {
      this.#vm.close();
      throw error;
    }
  }

  /**
   * The nature of each access, in their order. A write is made with its value.
   *
   * @throws {GuestAssertionError} When the guest cannot go through the accesses.
   */
  of(accesses: readonly MsrAccess[]): MsrNature[] {
    const keys = accesses.map(keyOf);
    const wanted = new Map<number | string, MsrAccess>();
    keys.forEach((key, i) => {
      if (!this.#known.has(key)) wanted.set(key, accesses[i]!);
    });
    if (wanted.size > 0) {
      const walked = this.#session.walk([...wanted.values()], {
        onRdmsr: (exit) => exit.refuse(),
        onWrmsr: (exit) => exit.refuse(),
      });
      [...wanted.keys()].forEach((key, i) => this.#known.set(key, natureOf(walked[i]!)));
    }
    return keys.map((key) => this.#known.get(key)!);
  }

  /** Closes the VM. */
  close(): void {
    this.#vm.close();
  }

  /** Closes the VM. */
  [Symbol.dispose](): void {
    this.close();
  }
}
