/**
 * Tests that are run when they are asked for: `TRAPLINE_TEST_FAULTS=all`.
 *
 * @module
 */

/** The slow tests of faults are wanted. */
export function asked(): string | undefined {
  return Deno.env.get("TRAPLINE_TEST_FAULTS") === "all"
    ? undefined
    : "it is slow; TRAPLINE_TEST_FAULTS is not all";
}
