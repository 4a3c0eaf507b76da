/**
 * The two executions of a clause: the CPU executes the guest's MSR accesses,
 * or KVM's emulator does. The kernel implements its promises twice, so both
 * must keep them.
 *
 * @module
 */
import { withForcedEmulation } from "@trapline/trapline";
import { forcesEmulation, obstacle } from "./requirements.ts";

/** Who executes the RDMSR and WRMSR of the guests. */
export type Execution = "native" | "forced emulation";

/** Why no clause can be decided under `execution` here, or `undefined` when it can. */
export function executionObstacle(execution: Execution): string | undefined {
  return obstacle(execution === "native" ? [] : [forcesEmulation]);
}

/** Calls `body` so that the guests it makes are executed as `execution` says. */
export function executeAs<T>(execution: Execution, body: () => T): T {
  return execution === "native" ? body() : withForcedEmulation(body);
}
