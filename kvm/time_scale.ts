/**
 * How much slower than usual guests may be: a sandbox, where the processor
 * itself is emulated, says so in `TRAPLINE_TIME_SCALE`.
 *
 * @module
 */

/**
 * Reads a scale from the value of `TRAPLINE_TIME_SCALE`; 1 where there is none.
 *
 * @throws {RangeError} When it is not a positive number.
 */
export function parseTimeScale(text: string | undefined): number {
  if (text === undefined || text === "") return 1;
  const scale = Number(text);
  if (!(scale > 0 && scale <= 1000)) {
    throw new RangeError(`Cannot scale deadlines by TRAPLINE_TIME_SCALE "${text}": 0 to 1000`);
  }
  return scale;
}

let known: number | undefined;

/** What the default deadline is multiplied by; 1 where the environment may not be read. */
export function timeScale(): number {
  if (known === undefined) {
    const variable = "TRAPLINE_TIME_SCALE";
    const { state } = Deno.permissions.querySync({ name: "env", variable });
    known = parseTimeScale(state === "granted" ? Deno.env.get(variable) : undefined);
  }
  return known;
}
