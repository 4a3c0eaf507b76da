/**
 * What this run may not do without: `TRAPLINE_REQUIRE`, a list of words with
 * commas between them, as in `TRAPLINE_REQUIRE=kvm,cc`. What is missing fails then,
 * where it would otherwise skip.
 *
 * @module
 */

/** Whether a missing `what` is a failure. */
export function isRequired(what: string, list: string = requireList()): boolean {
  return list.split(",").some((word) => word.trim() === what);
}

function requireList(): string {
  return Deno.env.get("TRAPLINE_REQUIRE") ?? "";
}
