/**
 * The exits of a guest so far, with the answers they were given.
 *
 * @module
 */
import { type Exit, formatExit } from "../kvm/exit.ts";

/** How many exits are kept; of the others only the count is known. */
const KEPT = 32;

function formatAnswer(exit: Exit): string {
  if (exit.name !== "X86_RDMSR" && exit.name !== "X86_WRMSR") return "";
  switch (exit.answer?.kind) {
    case "value":
      return ` -> supplied 0x${exit.answer.value.toString(16)}`;
    case "acknowledge":
      return " -> acknowledged";
    case "refuse":
      return ` -> refused (error = ${exit.answer.error})`;
    default:
      return " -> no answer";
  }
}

/**
 * A guest's exits, the last ones in full.
 *
 * @example Usage
 * ```ts
 * import { assertEquals, assertMatch } from "@std/assert";
 * import { guest, Kvm, MsrFilter, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.enableUserSpaceMsr(["filter"]);
 * vm.setMsrFilter(MsrFilter.DENY_ALL);
 * const session = Session.boot(vm, guest.rdmsr(0x10));
 * session.next("X86_RDMSR").supply(42n);
 * assertEquals(session.transcript.count, 1);
 * assertMatch(`${session.transcript}`, /1\. KVM_EXIT_X86_RDMSR .* -> supplied 0x2a/);
 * ```
 */
export class Transcript {
  readonly #last: Exit[] = [];
  #count = 0;

  /** How many exits there were. */
  get count(): number {
    return this.#count;
  }

  /** The last exit. */
  get last(): Exit | undefined {
    return this.#last[(this.#count - 1) % KEPT];
  }

  /** The last exits, oldest first. */
  get exits(): readonly Exit[] {
    const start = this.#count % KEPT;
    return this.#count < KEPT
      ? this.#last
      : [...this.#last.slice(start), ...this.#last.slice(0, start)];
  }

  /** Adds an exit. */
  add(exit: Exit): void {
    this.#last[this.#count % KEPT] = exit;
    this.#count++;
  }

  /** Forgets all exits. */
  clear(): void {
    this.#last.length = 0;
    this.#count = 0;
  }

  /** The same exits, apart from those to come. */
  copy(): Transcript {
    const copy = new Transcript();
    copy.#last.push(...this.#last);
    copy.#count = this.#count;
    return copy;
  }

  /** One line an exit, numbered from 1. */
  toString(): string {
    const exits = this.exits;
    const first = this.#count - exits.length;
    const lines = exits.map((exit, i) =>
      `  ${first + i + 1}. ${formatExit(exit)}${formatAnswer(exit)}`
    );
    if (first > 0) lines.unshift(`  (${first} earlier)`);
    return lines.length === 0 ? "  none" : lines.join("\n");
  }
}
