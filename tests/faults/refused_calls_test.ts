/**
 * A kernel that has no memory, or no room for another descriptor, at every
 * call that takes one.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { IOCTL } from "@trapline/trapline";
import { denoRun } from "../support/deno_run.ts";
import { kvmTest } from "../support/kvm_testing.ts";
import { runsPrograms } from "../support/native_program.ts";
import { COUNT, COVERED, LEFT_OUT, type Outcome, REFUSALS } from "../support/refused_calls.ts";
import { runRefused } from "../support/refusing_kernel.ts";

const REMEDY: Readonly<Record<string, string>> = {
  ENOMEM: ". Free memory, or raise what limits this process: ulimit -v, memory.max of its ",
  EMFILE: ". Raise the limit of open files (ulimit -n), or close some",
  ENFILE: ". Raise the machine's limit of open files (sysctl fs.file-max), or close some",
};

Deno.test("every ioctl of the table is refused here, or left out with a reason", () => {
  const known = [...COVERED, ...Object.keys(LEFT_OUT)];
  assertEquals(known.toSorted(), Object.keys(IOCTL).toSorted());
});

kvmTest("every call that is refused for a limit says which, and leaves nothing", () => {
  const command = denoRun("tests/support/refused_calls.ts");
  const printed = runRefused(REFUSALS, command, Deno.env.toObject());
  const outcomes: Outcome[] = JSON.parse(printed);
  assertEquals(outcomes.length, COUNT);
  for (const { call, errno, thrown: [kind, refused, name, message], isClean } of outcomes) {
    const seen = `${call} ${errno}: ${kind} ${message}`;
    assertEquals([kind.endsWith("Error"), refused, name], [true, call, errno], seen);
    assert(message.includes(REMEDY[errno]!), seen);
    assert(isClean, `${seen} leaves something`);
  }
}, { requires: [runsPrograms(64)] });
