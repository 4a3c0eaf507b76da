/**
 * Whole trials of the search, as `deno task fuzz` makes them: a filter is set,
 * the walker goes through some 8000 accesses, the exits are answered, and each
 * access is compared with the oracle. The C program does the same without the
 * comparison.
 *
 * @module
 */
import fc from "fast-check";
import { ACCESS, ACCESS_SIZE, LAYOUT } from "../../guests/protocol.ts";
import { type Kvm, msrExitReasonMask } from "../../mod.ts";
import {
  FilterSearch,
  type FilterTrial,
  filterTrials,
  formatDisagreement,
} from "../../guests/oracle/mod.ts";
import { isKnownToDeviate } from "../../tests/support/known_to_deviate.ts";
import { WALKS } from "./guests.ts";
import type { Turns } from "./pairs.ts";

/** The same filters every time, so that figures of two days can be compared. */
const SEED = 1;

const RANGES = 16;

function compare(search: FilterSearch, trial: FilterTrial): void {
  const found = search.compare(trial);
  if (found !== undefined) throw new Error(`Cannot measure: ${formatDisagreement(found)}`);
}

function head({ filter, reasons }: FilterTrial, accesses: number): Uint8Array {
  const words = new Uint32Array(3 + 3 * RANGES);
  words.set([msrExitReasonMask(reasons), filter.flags, accesses]);
  filter.ranges.forEach(({ flags, nmsrs, base }, i) => words.set([flags, nmsrs, base], 3 + 3 * i));
  return new Uint8Array(words.buffer);
}

function bitmaps({ filter }: FilterTrial): Uint8Array[] {
  return filter.ranges.map(({ bitmap }) => typeof bitmap === "bigint" ? new Uint8Array() : bitmap);
}

/** The list as the guest left it, with the end mark, and without the faults that it recorded. */
function list({ vm }: FilterSearch, accesses: number): Uint8Array {
  const bytes = vm.memory.read(LAYOUT.list, (accesses + 1) * ACCESS_SIZE);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < accesses; i++) view.setUint32(i * ACCESS_SIZE + ACCESS.faulted, 0, true);
  return bytes;
}

async function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Promise<Uint8Array> {
  return await new Blob([...parts]).bytes();
}

/** Trials to be made again and again. */
export class Walks implements Disposable {
  readonly #search: FilterSearch;
  readonly #trials: readonly FilterTrial[] = fc.sample(filterTrials(), {
    seed: SEED,
    numRuns: WALKS,
  });

  /** Makes the VMs. */
  constructor(kvm: Kvm) {
    this.#search = new FilterSearch(kvm, { except: isKnownToDeviate });
  }

  /**
   * Makes each trial once, and gives filters and lists as the C program reads
   * them. The oracle then knows what each access comes to without a filter.
   *
   * @throws {Error} When the search finds a disagreement.
   */
  async forC(): Promise<Uint8Array> {
    const parts = this.#trials.map((trial) => {
      const before = this.#search.compared;
      compare(this.#search, trial);
      const accesses = this.#search.compared - before;
      return [head(trial, accesses), ...bitmaps(trial), list(this.#search, accesses)];
    });
    return await joined(parts.flat() as Uint8Array<ArrayBuffer>[]);
  }

  /** One trial a turn. */
  get turns(): Turns {
    return (count) => {
      for (let i = 0; i < count; i++) compare(this.#search, this.#trials[i % WALKS]!);
    };
  }

  /** Closes the VMs. */
  [Symbol.dispose](): void {
    this.#search.close();
  }
}
