/**
 * A search in rounds: each round has a seed of its own and fresh VMs, so that
 * any round can be run again by itself.
 *
 * @module
 */
import type { Kvm, MsrAccess } from "@trapline/trapline";
import {
  type CallDisagreement,
  type CheckOrder,
  type Disagreement,
  FilterSearch,
  findCallDisagreement,
  findDisagreement,
} from "@trapline/trapline/oracle";
import { findingText } from "./finding.ts";

/** Filters that one round searches. */
export const FILTERS_A_ROUND = 10;
/** Sequences of raw calls that one round makes. */
const SEQUENCES_A_ROUND = 3;

/** How far a round is. */
export interface RoundState {
  /** Filters that were begun. */
  readonly filters: number;
  /** Accesses that were compared. */
  readonly compared: number;
}

/** What a round searches by. */
export interface RoundOptions {
  /** Where the round's random numbers start. */
  readonly seed: number;
  /** Filters to search; {@linkcode FILTERS_A_ROUND} by default. */
  readonly filters?: number;
  /** Accesses under each filter. */
  readonly accesses?: number;
  /** Whether KVM's emulator performs the accesses. */
  readonly forcedEmulation: boolean;
  /** In which order this kernel checks a slot. */
  readonly order: CheckOrder;
  /** Accesses on which this host is known to deviate. */
  readonly except: (access: MsrAccess) => boolean;
  /** Asked before each filter, and each sequence of calls, whether the round goes on. */
  readonly goesOn?: (state: RoundState) => boolean;
}

/** What a round found. */
export interface Round extends RoundState {
  /** The smallest filter and access of a disagreement, if there was one. */
  readonly disagreement: Disagreement | undefined;
  /** The smallest sequence of raw calls of one, if there was one. */
  readonly callDisagreement: CallDisagreement | undefined;
  /** What broke a search off, in words. */
  readonly failures: readonly string[];
}

/** Runs one round on `kvm`; what breaks off one search of it leaves the other. */
export function runRound(kvm: Kvm, options: RoundOptions): Round {
  const { seed, filters = FILTERS_A_ROUND, accesses, forcedEmulation, order, except } = options;
  const failures: string[] = [];
  const unlessBroken = <T>(search: () => T): T | undefined => {
    try {
      return search();
    } catch (error) {
      const text = findingText(error);
      if (text === undefined) throw error;
      failures.push(text);
      return undefined;
    }
  };
  let begun = 0;
  using search = new FilterSearch(kvm, { except, ...(accesses !== undefined && { accesses }) });
  const goesOn = (): boolean =>
    options.goesOn?.({ filters: begun, compared: search.compared }) ?? true;
  const disagreement = unlessBroken(() =>
    findDisagreement(search, {
      seed,
      filters,
      forcedEmulation,
      goesOn: () => {
        const goes = goesOn();
        if (goes) begun++;
        return goes;
      },
    })
  );
  const calls = unlessBroken(() =>
    findCallDisagreement(kvm, { seed, sequences: SEQUENCES_A_ROUND, order, except, goesOn })
  );
  return {
    filters: begun,
    compared: search.compared + (calls?.compared ?? 0),
    disagreement,
    callDisagreement: calls?.disagreement,
    failures,
  };
}
