/**
 * Why an output cannot be written, and what a person can do about it.
 *
 * @module
 */

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "its disk is full; make room there, or name a file on another disk",
  EDQUOT: "this user's quota is used up; make room, or name a file on another disk",
  EROFS: "its disk is read-only; name a file on another disk",
  EACCES: "this user may not write in its folder; name a file elsewhere",
  EISDIR: "there is a folder of that name; name a file",
  ELOOP: "its links lead in a circle; name a file",
  EPIPE: "nobody reads it any more",
  NotCapable: "Deno keeps it from tasks; name a file, a FIFO, /dev/null or /dev/stdout",
};

/** Whether the system or Deno refused something. */
export function isRefusal(error: unknown): error is Error {
  if (error instanceof Deno.errors.NotCapable) return true;
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

/** What a person is told of a refusal. */
export function reasonOf(refusal: Error): string {
  return REASONS["code" in refusal ? String(refusal.code) : refusal.name] ?? refusal.message;
}

/** An output could not be written; if it is a file, what was there before still is. */
export class WriteError extends Error {
  override readonly name = "WriteError";

  /** For the output at `path`, which is a file or something else, such as a device. */
  constructor(path: string, cause: Error, isFile: boolean = true) {
    const rest = isFile ? ". What was there before is as it was" : "";
    super(`Cannot write "${path}": ${reasonOf(cause)}${rest}`, { cause });
  }
}
