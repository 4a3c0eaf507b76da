/**
 * The format of result files: what `verify`, `matrix` and `fuzz` found, on one
 * configuration or on many. `schema.json` beside this file is the same for
 * other programs; `read.ts` holds every file against it.
 *
 * A file is a list of runs and nothing else, so that files are merged by
 * putting their runs one after the other.
 *
 * @module
 */
import type { Verdict } from "../../tests/support/clause.ts";
import type { Execution } from "../../tests/support/execution.ts";

/** What every result file says it is. */
export const FORMAT = "trapline-results";

/** The version of the format; a file of any other is refused. */
export const VERSION = 2;

/** What was found of a clause, by name. */
export type VerdictKind = Verdict["kind"];

/** A result file. */
export interface ResultsFile {
  /** {@linkcode FORMAT}. */
  readonly format: typeof FORMAT;
  /** {@linkcode VERSION}. */
  readonly version: typeof VERSION;
  /** What was run, in any order. */
  readonly runs: readonly Run[];
}

/** One run of one program on one configuration. */
export type Run = VerifyRun | DiedRun | PlannedRun | FuzzRun;

/** The machine that was asked; runs with equal ones are of the same configuration. */
export interface HostRecord {
  /** `uname -r`. */
  readonly kernel: string;
  /** The CPU's vendor and model. */
  readonly cpu: string;
  /** The parameters of KVM's modules by name, by the modules' names. */
  readonly modules: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The part of the clauses that one of several runs was given. */
export interface Shard {
  /** Which part, from 1. */
  readonly index: number;
  /** How many parts there are. */
  readonly total: number;
  /** The ids of this part's clauses, whether they were decided or not. */
  readonly selected: readonly string[];
}

/** The clauses as one configuration keeps them. */
export interface VerifyRun {
  readonly kind: "verify";
  /** The configuration for a reader: `host`, `amd 6.12`. */
  readonly configuration: string;
  /** When the run began, ISO 8601. */
  readonly made: string;
  /** The version of Trapline; files of before it was written do not say. */
  readonly trapline?: string;
  /** The machine that was asked. */
  readonly host: HostRecord;
  /** The ids that the whole run, with all its shards, is to decide. */
  readonly selected: readonly string[];
  /** Which part of `selected` this run was given; all of it by default. */
  readonly shard?: Shard;
  /** How many of `clauses` came to each verdict. */
  readonly counts: Readonly<Record<VerdictKind, number>>;
  /** What was decided, in the order of the ids; an id that is selected and not here is missing. */
  readonly clauses: readonly ClauseRecord[];
}

/** One clause with what was found of it under each execution. */
export interface ClauseRecord {
  /** Stable id, `F-05`. */
  readonly id: string;
  /** The promise in one sentence. */
  readonly sentence: string;
  /** Where the promise comes from. */
  readonly source: string;
  /** The gravest verdict of the executions: `holds` when all hold. */
  readonly verdict: VerdictKind;
  /** How long all executions took. */
  readonly milliseconds: number;
  /** The command that decides it again. */
  readonly repeat: string;
  /** At least one. */
  readonly executions: readonly ExecutionRecord[];
}

/** What was found of a clause under one execution. */
export interface ExecutionRecord {
  /** Who executed the guests' accesses. */
  readonly execution: Execution;
  /** What was found. */
  readonly verdict: VerdictKind;
  /** How long it took. */
  readonly milliseconds: number;
  /** How it failed before it held, in runs that a signal may have spoiled (clause X-109). */
  readonly again?: readonly string[];
  /** Why it is undecided. */
  readonly reason?: string;
  /** The recorded deviation that expects the clause to be broken here. */
  readonly deviation?: DeviationRecord;
  /** What the test said: what was wanted and got, and where the guest was. */
  readonly failure?: string;
  /** A guest of it: of a failure the last that exited, else the last that made MSR exits. */
  readonly guest?: GuestRecord;
}

/** A program that a guest of a test ran. */
export interface GuestRecord {
  /** Addresses, bytes and instructions. */
  readonly listing: string;
  /** Its exits and the answers they were given, one a line. */
  readonly exits: string;
}

/** A recorded deviation, as far as a reader of results needs it. */
export interface DeviationRecord {
  /** Stable id, `D-01`. */
  readonly id: string;
  /** What was seen, on which kernel and vendor. */
  readonly evidence: string;
  /** Why, as far as the kernel's sources tell. */
  readonly cause: string;
}

/** A run that ended before it had results. */
export interface DiedRun {
  readonly kind: "died";
  /** The configuration, named as that of {@linkcode VerifyRun}. */
  readonly configuration: string;
  /** When the run began, ISO 8601. */
  readonly made: string;
  /** What was seen last. */
  readonly failure: string;
  /** The ids that the whole run was to decide, where that is known. */
  readonly selected?: readonly string[];
  /** Which part of them this run was given. */
  readonly shard?: Shard;
}

/**
 * What other parts of a divided matrix decide. Each part names all
 * configurations, so that one of which every part is lost is missed.
 */
export interface PlannedRun {
  readonly kind: "planned";
  /** The configuration, named as that of {@linkcode VerifyRun}. */
  readonly configuration: string;
  /** When the plan was made, ISO 8601. */
  readonly made: string;
  /** The ids that all parts together are to decide there. */
  readonly selected: readonly string[];
}

/** A search for accesses that get past a filter. */
export interface FuzzRun {
  readonly kind: "fuzz";
  /** The configuration, named as that of {@linkcode VerifyRun}. */
  readonly configuration: string;
  /** When the run began, ISO 8601. */
  readonly made: string;
  /** The version of Trapline; files of before it was written do not say. */
  readonly trapline?: string;
  /** The machine that was asked. */
  readonly host: HostRecord;
  /** Where the random numbers of the first round start, of all parts where it was divided. */
  readonly seed: number;
  /** Which part of the rounds this run was given; all of them by default. */
  readonly shard?: Pick<Shard, "index" | "total">;
  /** Who executed the guests' accesses. */
  readonly execution: Execution;
  /** Filters that were searched. */
  readonly filters: number;
  /** Accesses that were compared with the oracle. */
  readonly accesses: number;
  /** How long it took. */
  readonly seconds: number;
  /** What KVM and the oracle disagree on, each made as small as it goes. */
  readonly disagreements: readonly DisagreementRecord[];
}

/** One disagreement of a search. */
export interface DisagreementRecord {
  /** The seed of its round. */
  readonly seed: number;
  /** The filter and the access, or the raw calls, and what was wanted and got; or what broke it off. */
  readonly text: string;
  /** The command that finds it again. */
  readonly repeat: string;
}
