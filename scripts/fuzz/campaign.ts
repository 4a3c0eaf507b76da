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

/** Filters that one round searches. */
export const FILTERS_A_ROUND = 10;
/** Sequences of raw calls that one round makes. */
const SEQUENCES_A_ROUND = 3;

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
}

/** What a round found. */
export interface Round {
  /** Accesses that were compared. */
  readonly compared: number;
  /** The smallest filter and access of a disagreement, if there was one. */
  readonly disagreement: Disagreement | undefined;
  /** The smallest sequence of raw calls of one, if there was one. */
  readonly callDisagreement: CallDisagreement | undefined;
}

/** Runs one round on `kvm`. */
export function runRound(kvm: Kvm, options: RoundOptions): Round {
  const { seed, filters = FILTERS_A_ROUND, accesses, forcedEmulation, order, except } = options;
  using search = new FilterSearch(kvm, { except, ...(accesses !== undefined && { accesses }) });
  const disagreement = findDisagreement(search, { seed, filters, forcedEmulation });
  const calls = findCallDisagreement(kvm, { seed, sequences: SEQUENCES_A_ROUND, order, except });
  return {
    compared: search.compared + calls.compared,
    disagreement,
    callDisagreement: calls.disagreement,
  };
}
