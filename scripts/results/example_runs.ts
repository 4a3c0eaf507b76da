/**
 * Runs made up for tests.
 *
 * @module
 */
import { exampleFailure, exampleGuestRecord } from "./example_guest.ts";
import type { ClauseRecord, ExecutionRecord, FuzzRun, VerdictKind, VerifyRun } from "./format.ts";
import { countVerdicts, gravest } from "./verdicts.ts";

const FAILURE = exampleFailure();
const GUEST = exampleGuestRecord();

const DEVIATION = {
  id: "D-99",
  evidence: "Seen on 6.18 with kvm_intel.",
  cause: "The fastpath does not ask.",
};

const EVIDENCE: Readonly<Record<VerdictKind, Partial<ExecutionRecord>>> = {
  "holds": {},
  "known-deviation": { deviation: DEVIATION, failure: FAILURE },
  "deviates": { failure: FAILURE },
  "deviation-gone": { deviation: DEVIATION },
  "error": { failure: "The clause did not come to an end in 300 s" },
  "undecided": { reason: "the CPU has no RDPID" },
};

/** An execution that came to `verdict`, with all there is to say of it. */
export function exampleExecution(
  verdict: VerdictKind,
  execution: ExecutionRecord["execution"] = "native",
): ExecutionRecord {
  const guest = verdict === "undecided" ? {} : { guest: GUEST };
  return { execution, verdict, milliseconds: 1500, ...EVIDENCE[verdict], ...guest };
}

/** A clause of one verdict, the native one, or of two. */
export function exampleClause(id: string, ...verdicts: readonly VerdictKind[]): ClauseRecord {
  const executions = verdicts.map((verdict, i) =>
    exampleExecution(verdict, i === 0 ? "native" : "forced emulation")
  );
  return {
    id,
    sentence: `sentence of ${id}`,
    source: "api.rst 4.97",
    verdict: gravest(verdicts),
    milliseconds: 1500 * executions.length,
    repeat: `deno task verify --filter ${id}`,
    executions,
  };
}

/** A run of `verify` that came to these verdicts. */
export function exampleRun(
  configuration: string,
  verdicts: Readonly<Record<string, VerdictKind | readonly VerdictKind[]>>,
): VerifyRun {
  const clauses = Object.entries(verdicts).map(([id, kinds]) =>
    exampleClause(id, ...typeof kinds === "string" ? [kinds] : kinds)
  );
  return {
    kind: "verify",
    configuration,
    made: "2026-01-31T10:00:00.000Z",
    host: {
      kernel: `6.12 of ${configuration}`,
      cpu: "AuthenticAMD EPYC",
      modules: { kvm: { ignore_msrs: "N" }, kvm_amd: { nested: "1" } },
    },
    selected: clauses.map(({ id }) => id),
    counts: countVerdicts(clauses),
    clauses,
  };
}

/** A search on the same machine as {@linkcode exampleRun} that found one disagreement. */
export function exampleSearch(configuration: string): FuzzRun {
  return {
    kind: "fuzz",
    configuration,
    made: "2026-01-31T11:00:00.000Z",
    host: exampleRun(configuration, {}).host,
    seed: 7,
    execution: "native",
    filters: 200,
    accesses: 1_600_000,
    seconds: 60.5,
    disagreements: [{
      seed: 9,
      text: "WRMSR 0x6e0: wanted an exit, got the value <written>",
      repeat: "deno task fuzz --seed 9 --filters 10",
    }],
  };
}
