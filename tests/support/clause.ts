/**
 * Clauses: the promises of the kernel's documentation, each registered once
 * with its id and its sentence, and decided once for each way of executing the
 * guests' accesses. `deno test` runs them as tests, and the verify script runs
 * the very same code through {@linkcode decide}.
 *
 * @module
 */
import { AssertionError } from "@std/assert";
import { GuestAssertionError, Kvm } from "@trapline/trapline";
import { withCensus } from "./census.ts";
import { type Deviation, expectedDeviation } from "./deviation.ts";
import { deviationsOf } from "./deviations.ts";
import { executeAs, type Execution, executionObstacle } from "./execution.ts";
import { type Facts, facts } from "./facts.ts";
import { register } from "./kvm_testing.ts";
import { obstacle, type Requirement } from "./requirements.ts";

/** What a clause is given. */
export interface ClauseContext {
  /** The KVM of this host, opened for this clause alone and closed after it. */
  readonly kvm: Kvm;
  /** What is known of this host. */
  readonly facts: Facts;
  /** Who executes the guests' accesses this time. */
  readonly execution: Execution;
}

/**
 * Decides a clause: returns when it holds, throws an assertion error when it
 * does not. A promise may be awaited, such as that of a worker.
 */
export type ClauseBody = (context: ClauseContext) => void | Promise<void>;

/** What a clause needs before it can be decided. */
export interface ClauseOptions {
  /** All must be met, or the clause is undecided for the first one's reason. */
  readonly requires?: readonly Requirement[];
  /** Why forced emulation has nothing to say of it; it is decided natively alone then. */
  readonly nativeOnly?: string;
}

/** A promise that a running KVM keeps or breaks. */
export interface Clause {
  /** Stable id, `F-05`. */
  readonly id: string;
  /** The promise in one sentence. */
  readonly sentence: string;
  /** What it needs. */
  readonly requires: readonly Requirement[];
  /** Why it is decided natively alone, if it is. */
  readonly nativeOnly?: string;
  /** Decides it. */
  readonly body: ClauseBody;
}

/** What was found of a clause. */
export type Verdict =
  /** The promise is kept; `again` is how it failed before, in runs that a signal may have spoiled. */
  | { readonly kind: "holds"; readonly again?: readonly Error[] }
  /** The promise is broken, and a recorded deviation expects it here. */
  | { readonly kind: "known-deviation"; readonly deviation: Deviation; readonly error: Error }
  /** The promise is broken in a way that nobody expected. */
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

function isAssertion(error: unknown): error is Error {
  return error instanceof GuestAssertionError || error instanceof AssertionError;
}

/** Seconds that a body may be awaited: a worker that never answers must not stop the rest. */
const PATIENCE_SECONDS = 300;

async function awaitPatiently(body: Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`The clause did not come to an end in ${PATIENCE_SECONDS} s`)),
    PATIENCE_SECONDS * 1000,
  );
  try {
    await Promise.race([body, late]);
  } finally {
    clearTimeout(timer);
  }
}

function runBody(clause: Clause, execution: Execution): Promise<void> {
  return withCensus(`Clause ${clause.id}`, async () => {
    using kvm = Kvm.open();
    const context = { kvm, facts: facts(), execution };
    await executeAs(execution, () => {
      const running = clause.body(context);
      return running === undefined ? undefined : awaitPatiently(running);
    });
  });
}

/** The executions under which `clause` is to be decided here. */
export function executionsOf(clause: Clause): readonly Execution[] {
  const both = clause.nativeOnly === undefined &&
    executionObstacle("forced emulation") === undefined;
  return both ? ["native", "forced emulation"] : ["native"];
}

async function failureOf(clause: Clause, execution: Execution): Promise<Error | undefined> {
  try {
    await runBody(clause, execution);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Whether a signal may swallow an access here: clause X-109 is known to be broken. */
function signalsSwallow(execution: Execution): boolean {
  return expectedDeviation(deviationsOf("X-109"), execution) !== undefined;
}

/** How often a clause is run again in which a signal may have swallowed an access. */
const SIGNALLED_AGAIN = 3;

/**
 * Runs `clause` on this host's KVM, knowing the `recorded` deviations of it.
 *
 * Deadlines are signals: where these may swallow an access, whichever clause
 * makes it, one that fails is run again. A failure counts that comes each time,
 * and the verdict of one that does not says what came before.
 */
export async function decide(
  clause: Clause,
  execution: Execution = "native",
  recorded: readonly Deviation[] = deviationsOf(clause.id),
  swallows: boolean = signalsSwallow(execution),
): Promise<Verdict> {
  const reason = executionObstacle(execution) ?? obstacle(clause.requires);
  if (reason !== undefined) return { kind: "undecided", reason };
  const deviation = expectedDeviation(recorded, execution);
  const again: Error[] = [];
  let error = await failureOf(clause, execution);
  const mayBeSpoilt = swallows && deviation === undefined;
  while (mayBeSpoilt && isAssertion(error) && again.length < SIGNALLED_AGAIN) {
    again.push(error);
    error = await failureOf(clause, execution);
  }
  if (error === undefined) {
    if (deviation !== undefined) return { kind: "deviation-gone", deviation };
    return { kind: "holds", ...(again.length > 0 && { again }) };
  }
  if (!isAssertion(error)) return { kind: "error", error };
  return deviation?.seen.test(error.message)
    ? { kind: "known-deviation", deviation, error }
    : { kind: "deviates", error };
}

/** The name of a clause's test: the id, the execution if it is not the native one, the sentence. */
export function testName(
  { id, sentence }: Pick<Clause, "id" | "sentence">,
  execution: Execution,
): string {
  return execution === "native" ? `${id} ${sentence}` : `${id} (${execution}) ${sentence}`;
}

/** The command that decides `clause` again, alone: in the sandbox `config`, or on the host. */
export function repeatCommand(
  { id }: Clause,
  config: string = Deno.env.get("TRAPLINE_CONFIG") ?? "",
): string {
  const place = config === "" ? "" : ` --config ${config}`;
  return `deno task verify${place} --filter ${id}`;
}

async function testClause(clause: Clause, execution: Execution): Promise<void> {
  const verdict = await decide(clause, execution);
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
 * Registers a clause, and with it the test of its name; where KVM's emulator can
 * be made to execute the guests' accesses, a second test has it do so.
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
  body: ClauseBody,
): void;
/** Registers a clause that any usable KVM can decide. */
export function clause(
  id: string,
  sentence: string,
  body: ClauseBody,
): void;
export function clause(
  id: string,
  sentence: string,
  optionsOrBody: ClauseOptions | ClauseBody,
  bodyAfterOptions?: ClauseBody,
): void {
  const [options, body] = typeof optionsOrBody === "function"
    ? [{}, optionsOrBody]
    : [optionsOrBody, bodyAfterOptions!];
  if (registry.has(id)) throw new Error(`Cannot register clause ${id}: it is registered already`);
  const clause: Clause = { requires: [], ...options, id, sentence, body };
  registry.set(id, clause);
  for (const execution of executionsOf(clause)) {
    const reason = obstacle(clause.requires);
    register(testName(clause, execution), "undecided", reason, () => testClause(clause, execution));
  }
}
