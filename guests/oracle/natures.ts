/**
 * What a KVM makes of an access by itself: learned in a VM that has no filter,
 * so that the oracle needs to know no MSR by name.
 *
 * @module
 */
import { formatMsr, Msr } from "../../kvm/abi/msr.ts";
import { MSR_EXIT_REASONS } from "../../kvm/msr_exit_reason.ts";
import type { MsrAccess } from "../walker.ts";
import type { MsrNature } from "./model.ts";
import { describe, exitIsAs } from "./outcome.ts";
import type { SeenAccess, Subject } from "./subject.ts";

/**
 * A KVM without a filter did what no KVM without a filter may do: nothing can
 * be expected of it under one.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NatureError } from "@trapline/trapline/oracle";
 *
 * const error = new NatureError({ kind: "read", index: 0x174 }, "wanted no exit", "an exit");
 * assertEquals(error.message, "without a filter, read of IA32_SYSENTER_CS (0x174): wanted no exit, got an exit");
 * ```
 */
export class NatureError extends Error {
  /** The class, by name. */
  override readonly name = "NatureError";
  /** The access. */
  readonly access: MsrAccess;

  /** Builds the error from the access, what was wanted of it and what was got. */
  constructor(access: MsrAccess, wanted: string, got: string) {
    const { kind, index } = access;
    super(`without a filter, ${kind} of ${formatMsr(index)}: ${wanted}, got ${got}`);
    this.access = access;
  }
}

function natureOf(seen: SeenAccess): MsrNature {
  const { access, exit, fault } = seen;
  if (exitIsAs(seen, "unknown")) return "unknown";
  if (exitIsAs(seen, "inval")) return "invalid";
  if (exit === undefined) return fault === undefined ? "supported" : "faulting";
  throw new NatureError(access, "wanted none but an exit for UNKNOWN or INVAL", describe(seen));
}

/** What every KVM must make of these, whatever the CPU: a search that learns otherwise is blind. */
const ANCHORS: readonly { readonly access: MsrAccess; readonly nature: MsrNature }[] = [
  { access: { kind: "read", index: 0x474f_4f00 }, nature: "unknown" },
  { access: { kind: "read", index: Msr.STAR }, nature: "supported" },
  { access: { kind: "write", index: Msr.STAR }, nature: "supported" },
  { access: { kind: "write", index: Msr.EFER, value: 0x700n }, nature: "invalid" },
];

/** A number for what most accesses are: reads, and writes of 0. */
function keyOf({ kind, index, value = 0n, forcedEmulation = false }: MsrAccess): number | string {
  const key = index * 4 + (forcedEmulation ? 2 : 0) + (kind === "write" ? 1 : 0);
  return kind === "read" || value === 0n ? key : `${key} ${value}`;
}

/** How natures are learned. */
export interface NatureOptions {
  /** `kvm.ignore_msrs`: accesses to MSRs that KVM does not know complete. */
  readonly ignoresUnknown: boolean;
}

/**
 * The natures of accesses on one KVM, each learned when it is first asked for.
 * It owns the subject, which has no filter, until it is closed.
 */
export class MsrNatures implements Disposable {
  readonly #subject: Subject;
  readonly #options: NatureOptions;
  readonly #known: Map<number | string, MsrNature> = new Map();

  /** Learns from `subject`. */
  constructor(subject: Subject, options: NatureOptions) {
    this.#subject = subject;
    this.#options = options;
  }

  /**
   * The nature of each access, in their order. A write is made with its value.
   *
   * @throws {NatureError} When the KVM does what none without a filter may do.
   * @throws {GuestAssertionError} When the guest cannot go through the accesses.
   */
  of(accesses: readonly MsrAccess[]): MsrNature[] {
    if (this.#known.size === 0) this.#begin();
    const keys = accesses.map(keyOf);
    const wanted = new Map<number | string, MsrAccess>();
    keys.forEach((key, i) => {
      if (!this.#known.has(key)) wanted.set(key, accesses[i]!);
    });
    if (wanted.size > 0) {
      const natures = this.#learn([...wanted.values()]);
      [...wanted.keys()].forEach((key, i) => this.#known.set(key, natures[i]!));
    }
    return keys.map((key) => this.#known.get(key)!);
  }

  #begin(): void {
    this.#subject.install({ flags: 0, ranges: [] }, MSR_EXIT_REASONS);
    const natures = this.#learn(ANCHORS.map(({ access }) => access));
    ANCHORS.forEach(({ access, nature }, i) => {
      const got = natures[i]!;
      if (nature === "unknown" && this.#options.ignoresUnknown) return;
      if (got !== nature) throw new NatureError(access, `wanted it to be ${nature}`, got);
    });
    ANCHORS.forEach(({ access }, i) => this.#known.set(keyOf(access), natures[i]!));
  }

  #learn(accesses: readonly MsrAccess[]): MsrNature[] {
    return this.#subject.walk(accesses, () => ({ kind: "refuse", error: 1 })).map(natureOf);
  }

  /** Closes the subject. */
  close(): void {
    this.#subject.close();
  }

  /** Closes the subject. */
  [Symbol.dispose](): void {
    this.close();
  }
}
