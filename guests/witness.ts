/**
 * The guests that were booted while something ran, for a report on it.
 *
 * @module
 */
import type { Session } from "./session.ts";

/** Sessions that are kept: a body may boot thousands, and the last ones tell the most. */
const KEPT = 8;

let witness: Session[] | undefined;

/** Tells the witness, if there is one, of a session that was booted, and gives it back. */
export function witnessed(session: Session): Session {
  if (witness === undefined) return session;
  witness.push(session);
  if (witness.length > KEPT) witness.shift();
  return session;
}

/** What a body returned, and the last sessions that were booted meanwhile, on this thread. */
export interface Witnessed<T> {
  /** What it returned. */
  readonly result: T;
  /** The sessions, the oldest first; their VMs may be closed, programs and transcripts stay. */
  readonly sessions: readonly Session[];
}

/** Calls `body` and keeps an eye on the sessions that are booted until it settles. */
export async function withWitness<T>(body: () => Promise<T>): Promise<Witnessed<T>> {
  const outer = witness;
  const sessions: Session[] = [];
  witness = sessions;
  try {
    return { result: await body(), sessions };
  } finally {
    witness = outer;
  }
}
