/**
 * Dividing pieces of work evenly, so that every machine comes to the same
 * division by itself.
 *
 * @module
 */

/** A piece of work. */
export interface Piece {
  /** Its name; no two are alike. */
  readonly id: string;
  /** What it is expected to cost, in any unit. */
  readonly cost: number;
}

/** By the units of UTF-16, for a machine's language must not matter. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Divides `pieces` into `count` parts of about the same cost, by the rule of
 * longest processing time first: the dearest piece goes to the part that is the
 * cheapest so far. Pieces of one cost go by id, parts of one cost by number, so
 * that the order in which the pieces are given changes nothing but the order
 * within the parts.
 *
 * @throws {RangeError} When `count` is no whole number above 0.
 */
export function splitByCost<T extends Piece>(
  pieces: readonly T[],
  count: number,
): readonly (readonly T[])[] {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RangeError(`Cannot split into ${count} parts: it must be a whole number above 0`);
  }
  const totals = new Array<number>(count).fill(0);
  const partOf = new Map<string, number>();
  const dearestFirst = pieces.toSorted((a, b) => b.cost - a.cost || compareText(a.id, b.id));
  for (const { id, cost } of dearestFirst) {
    const cheapest = totals.indexOf(Math.min(...totals));
    totals[cheapest]! += cost;
    partOf.set(id, cheapest);
  }
  return totals.map((_, part) => pieces.filter(({ id }) => partOf.get(id) === part));
}

/** What all of `pieces` are expected to cost. */
export function costOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { cost }) => sum + cost, 0);
}
