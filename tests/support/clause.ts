/**
 * Clauses: the promises of the kernel's documentation, each registered once
 * with its id and its sentence. `deno test` runs them as tests, and the verify
 * script runs the very same code through {@linkcode decide}.
 *
 * @module
 */
import { AssertionError } from "@std/assert";
import { GuestAssertionError, Kvm } from "@trapline/trapline";
import { withCensus } from "./census.ts";
import { type Deviation, deviationsOf } from "./deviations.ts";
import { type Facts, facts } from "./facts.ts";
import { register } from "./kvm_testing.ts";
import { obstacle, type Requirement } from "./requirements.ts";

/** What a clause is given. */
export interface ClauseContext {
  /** The KVM of this host, opened for this clause alone and closed after it. */
  readonly kvm: Kvm;
  /** What is known of this host. */
  readonly facts: Facts;
}

/** What a clause needs before it can be decided. */
export interface ClauseOptions {
  /** All must be met, or the clause is undecided for the first one's reason. */
  readonly requires?: readonly Requirement[];
}

/** A promise that a running KVM keeps or breaks. */
export interface Clause {
  /** Stable id, `F-05`. */
  readonly id: string;
  /** The promise in one sentence. */
  readonly sentence: string;
  /** What it needs. */
  readonly requires: readonly Requirement[];
  /** Decides it: returns when it holds, throws an assertion error when it does not. */
  readonly body: (context: ClauseContext) => void;
}

/** What was found of a clause. */
export type Verdict =
  /** The promise is kept. */
  | { readonly kind: "holds" }
  /** The promise is broken, and a recorded deviation expects it here. */
  | { readonly kind: "known-deviation"; readonly deviation: Deviation; readonly error: Error }
  /** The promise is broken, and nobody expected it. */
  | { readonly kind: "deviates"; readonly error: Error }
  /** A recorded deviation expects the promise to be broken here, and it is kept. */
  | { readonly kind: "deviation-gone"; readonly deviation: Deviation }
  /** It cannot be decided here. */
  | { readonly kind: "undecided"; readonly reason: string }
  /** The test itself failed before it could decide. */
  | { readonly kind: "error"; readonly error: Error };

const registry = new Map<string, Clause>();

/** Every clause registered so far, in order of registration. */
export function clauses(): readonly Clause[] {
  return [...registry.values()];
}

/** Where a clause's promise comes from, by the letter of its id. */
export function sourceOf(id: string): string {
  switch (id[0]) {
    case "F":
      return "api.rst 4.97 KVM_X86_SET_MSR_FILTER";
    case "K":
      return "api.rst 5 KVM_EXIT_X86_RDMSR, KVM_EXIT_X86_WRMSR";
    case "U":
      return "api.rst 7.21 KVM_CAP_X86_USER_SPACE_MSR";
    case "C":
      return "api.rst 8.27 KVM_CAP_X86_MSR_FILTER";
    default:
      return "behaviour of the kernel's code, not documented";
  }
}

function isAssertion(error: unknown): error is Error {
  return error instanceof GuestAssertionError || error instanceof AssertionError;
}

function runBody(clause: Clause): void {
  withCensus(`Clause ${clause.id}`, () => {
    using kvm = Kvm.open();
    clause.body({ kvm, facts: facts() });
  });
}

/** Runs `clause` on this host's KVM, knowing the `recorded` deviations of it. */
export function decide(
  clause: Clause,
  recorded: readonly Deviation[] = deviationsOf(clause.id),
): Verdict {
  const reason = obstacle(clause.requires);
  if (reason !== undefined) return { kind: "undecided", reason };
  const deviation = recorded.find(({ expected }) => expected(facts()));
  try {
    runBody(clause);
  } catch (error) {
    if (!isAssertion(error)) {
      return { kind: "error", error: error instanceof Error ? error : new Error(String(error)) };
    }
    return deviation === undefined
      ? { kind: "deviates", error }
      : { kind: "known-deviation", deviation, error };
  }
  return deviation === undefined ? { kind: "holds" } : { kind: "deviation-gone", deviation };
}

/** The command that runs `clause` again, alone. */
export function repeatCommand(clause: Clause): string {
  return `deno task test --filter "${clause.id} "`;
}

function testClause(clause: Clause): void {
  const verdict = decide(clause);
  switch (verdict.kind) {
    case "holds":
    case "known-deviation":
      return;
    case "deviates":
    case "error":
      verdict.error.message += `\nTo repeat: ${repeatCommand(clause)}`;
      throw verdict.error;
    case "deviation-gone":
      throw new Error(
        `Clause ${clause.id} holds here, where deviation ${verdict.deviation.id} expects it to ` +
          `be broken: correct the record\nTo repeat: ${repeatCommand(clause)}`,
      );
    case "undecided":
      throw new Error(`Clause ${clause.id} is undecided: ${verdict.reason}`);
  }
}

/**
 * Registers a clause, and with it the test of its name.
 *
 * A clause that cannot be decided here is registered as an ignored test whose
 * name says why; without a usable KVM, `TRAPLINE_REQUIRE=kvm` makes that a failure.
 *
 * @throws {Error} When the id is taken.
 */
export function clause(
  id: string,
  sentence: string,
  options: ClauseOptions,
  body: (context: ClauseContext) => void,
): void;
/** Registers a clause that any usable KVM can decide. */
export function clause(
  id: string,
  sentence: string,
  body: (context: ClauseContext) => void,
): void;
export function clause(
  id: string,
  sentence: string,
  optionsOrBody: ClauseOptions | ((context: ClauseContext) => void),
  bodyAfterOptions?: (context: ClauseContext) => void,
): void {
  const [options, body] = typeof optionsOrBody === "function"
    ? [{}, optionsOrBody]
    : [optionsOrBody, bodyAfterOptions!];
  if (registry.has(id)) throw new Error(`Cannot register clause ${id}: it is registered already`);
  const clause: Clause = { id, sentence, requires: options.requires ?? [], body };
  registry.set(id, clause);
  register(`${id} ${sentence}`, "undecided", obstacle(clause.requires), () => testClause(clause));
}
