/**
 * Steps on the way to something smaller, which may fail.
 *
 * @module
 */

/** Milliseconds after which what was found is small enough; guests that hang take ten seconds each. */
export const SHRINKING_MS = 60_000;

/** Makes a step; `undefined` when it shows nothing smaller. */
export type Step = <T>(step: () => T | undefined) => T | undefined;

/**
 * Makes steps for so many milliseconds, and then none. A step that throws is
 * not smaller: it must not cost what was found before it.
 */
export function smallerWithin(milliseconds: number): Step {
  const end = performance.now() + milliseconds;
  return (step) => {
    if (performance.now() >= end) return undefined;
    try {
      return step();
    } catch {
      return undefined;
    }
  };
}
