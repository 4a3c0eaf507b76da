/**
 * What the benchmark compares with what.
 *
 * @module
 */
import type { Kvm } from "../../mod.ts";
import type { CSide } from "./c_side.ts";
import { bareRun, portIo, rdmsr } from "./exits.ts";
import { WALKS } from "./guests.ts";
import { type Batch, type Sampling, timed } from "./pairs.ts";
import { lifeCycle, singleRuns, walkedAccesses } from "./sessions.ts";
import type { Walks } from "./walks.ts";

/** Where a ratio should lie. */
export interface Target {
  /** Whether the ratio may not be larger than `value`, or not smaller. */
  readonly kind: "at most" | "at least";
  /** The limit. */
  readonly value: number;
}

/** A comparison: the time of `over` divided by the time of `under`. */
export interface Measure {
  /** What is compared with what. */
  readonly name: string;
  /** Where the ratio should lie; `undefined` for a figure that only informs. */
  readonly target: Target | undefined;
  /** What keeps it from being better. */
  readonly boundedBy: string;
  /** The dividend. */
  readonly over: Batch;
  /** The divisor. */
  readonly under: Batch;
  /** How many pairs are taken, and how. */
  readonly sampling: Sampling;
}

// Long enough that the batch runs with warm caches, short enough that most batches of a pair are
// over before the machine turns to something else.
const EXITS = { pairs: 60, count: 2000, warmUp: 200, prime: 30_000 };
const LIVES = { pairs: 200, count: 1, warmUp: 1, prime: 400 };
const TRIALS = { pairs: 20, count: WALKS, warmUp: 0, prime: 10 * WALKS };
const ACCESSES = { pairs: 60, count: 500, warmUp: 50, prime: 5000 };

/** All comparisons; the guests that they need live until `guests` is disposed of. */
export function measures(
  kvm: Kvm,
  c: CSide,
  walks: Walks,
  guests: DisposableStack,
): readonly Measure[] {
  const vm = () => guests.use(kvm.createVm());
  const walk = timed(walkedAccesses(vm()));
  return [
    {
      name: "Port-I/O exit, round trip: Trapline / C",
      target: { kind: "at most", value: 1.05 },
      boundedBy: "KVM_RUN through FFI (the next line); the rest is the exit object",
      over: timed(portIo(vm())),
      under: c.batch("port_io"),
      sampling: EXITS,
    },
    {
      name: "Port-I/O exit, KVM_RUN through FFI alone: Deno / C",
      target: undefined,
      boundedBy:
        "the FFI call, and the kernel, which counts references to a file that threads share",
      over: timed(bareRun(vm())),
      under: c.batch("port_io"),
      sampling: EXITS,
    },
    {
      name: "MSR exit, round trip with a value: Trapline / C",
      target: { kind: "at most", value: 1.05 },
      boundedBy: "the same, with two objects and a BigInt an exit instead of one object",
      over: timed(rdmsr(vm())),
      under: c.batch("rdmsr"),
      sampling: EXITS,
    },
    {
      name: "VM life cycle, to one exit: Trapline / C",
      target: { kind: "at most", value: 1.25 },
      boundedBy:
        "KVM_CREATE_VM and close: the kernel locks all mappings of the process, Deno's too",
      over: timed(lifeCycle(kvm)),
      under: c.batch("life_cycle"),
      sampling: LIVES,
    },
    {
      name: "Allowed RDMSRs a second: list walker / one run each",
      target: { kind: "at least", value: 4 },
      boundedBy: "the walker's six instructions an access, where KVM emulates each",
      over: timed(singleRuns(vm())),
      under: walk,
      sampling: ACCESSES,
    },
    {
      name: "Allowed RDMSRs a second: list walker / leanest C loop, one exit each",
      target: undefined,
      boundedBy: "the same; the C loop makes an exit and two register ioctls an access",
      over: c.batch("single_access"),
      under: walk,
      sampling: ACCESSES,
    },
    {
      name: "Compared accesses a second: search with oracle / C, nothing compared",
      target: { kind: "at least", value: 0.8 },
      boundedBy: "an exit and an outcome as objects, and the model, an access",
      over: c.batch("walks"),
      under: timed(walks.turns),
      sampling: TRIALS,
    },
  ];
}
