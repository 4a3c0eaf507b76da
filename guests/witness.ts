/**
 * The guests that were booted while something ran, for a report on it.
 *
 * @module
 */
import type { Assembly } from "./asm/mod.ts";
import type { Session } from "./session.ts";
import type { Transcript } from "./transcript.ts";

/** Sessions that are kept: a body may boot thousands, and the last ones tell the most. */
const KEPT = 8;

/** A program that a guest ran, with its exits. */
export interface Ran {
  /** The program. */
  readonly program: Assembly;
  /** Its exits. */
  readonly transcript: Transcript;
}

/** What a witness saw of one guest. */
export interface Witness {
  /** The guest; its VM may be closed, program and transcript stay. */
  readonly session: Session;
  /** The last program before its present one that made MSR exits. */
  readonly msrExits: Ran | undefined;
}

interface Notes {
  readonly sessions: Session[];
  readonly earlier: Map<Session, Ran>;
}

let notes: Notes | undefined;

/** Whether there is an exit for RDMSR or WRMSR among those that are kept. */
export function madeMsrExits({ exits }: Pick<Transcript, "exits">): boolean {
  return exits.some(({ name }) => name === "X86_RDMSR" || name === "X86_WRMSR");
}

/** Of those that are too many, the oldest goes that never made an MSR exit, or else the oldest. */
function forgetOne({ sessions, earlier }: Notes): void {
  const plain = sessions.findIndex((each) => !earlier.has(each) && !madeMsrExits(each.transcript));
  // The youngest has not run yet.
  const at = plain < 0 || plain === sessions.length - 1 ? 0 : plain;
  earlier.delete(sessions[at]!);
  sessions.splice(at, 1);
}

/** Tells the witness, if there is one, of a session that was booted, and gives it back. */
export function witnessed(session: Session): Session {
  if (notes === undefined) return session;
  notes.sessions.push(session);
  if (notes.sessions.length > KEPT) forgetOne(notes);
  return session;
}

/** Clears the transcript of `session`; the witness, if there is one, keeps MSR exits that were in it. */
export function forgetExits(session: Session): void {
  const { program, transcript } = session;
  if (notes?.sessions.includes(session) && madeMsrExits(transcript)) {
    notes.earlier.set(session, { program, transcript: transcript.copy() });
  }
  transcript.clear();
}

/** What a body returned, and the last guests that were booted meanwhile, on this thread. */
export interface Witnessed<T> {
  /** What it returned. */
  readonly result: T;
  /** The guests, the oldest first. */
  readonly guests: readonly Witness[];
}

/** Calls `body` and keeps an eye on the sessions that are booted until it settles. */
export async function withWitness<T>(body: () => Promise<T>): Promise<Witnessed<T>> {
  const outer = notes;
  const own: Notes = { sessions: [], earlier: new Map() };
  notes = own;
  try {
    const result = await body();
    const guests = own.sessions.map((session) => ({
      session,
      msrExits: own.earlier.get(session),
    }));
    return { result, guests };
  } finally {
    notes = outer;
  }
}
