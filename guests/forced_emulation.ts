/**
 * The scope in which guests make their MSR accesses through KVM's emulator.
 *
 * @module
 */

let forced = false;

/** Whether a program that is loaded now gets the prefix. */
export function isEmulationForced(): boolean {
  return forced;
}

/**
 * Calls `body`; in every guest program that is loaded meanwhile, each RDMSR and
 * WRMSR has the forced-emulation prefix, so that KVM's emulator executes it.
 *
 * The source stays as it is, and so do its labels: `symbol()` of one in front
 * of the instruction gives the instruction's own address, which is what exits
 * and #GP show for RIP, while branches to it lead to the prefix. An access that
 * has the prefix is given no second one. When `body` returns a promise, the
 * scope ends as that settles, and until then holds for all code of the thread.
 *
 * KVM takes the prefix only with its parameter `kvm.force_emulation_prefix` on;
 * the guest gets a #UD otherwise. The prefix costs an exit to KVM, which
 * executes the instruction in another way than natively: the kernel's promises
 * hold for both.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { guest, Kvm, Session, withForcedEmulation } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const session = withForcedEmulation(() => Session.boot(vm, guest.rdmsr(0x174)));
 * const rdmsr = session.symbol("rdmsr") - BigInt(session.program.base);
 * const before = session.program.bytes.slice(Number(rdmsr) - 5, Number(rdmsr));
 * assertEquals(before.toHex(), "0f0b6b766d");
 * ```
 */
export function withForcedEmulation<T>(body: () => T): T {
  const outer = forced;
  const restore = (): void => {
    forced = outer;
  };
  forced = true;
  let result: T;
  try {
    result = body();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}
