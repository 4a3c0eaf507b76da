/**
 * What a person reads of an error that a limit of the machine made.
 *
 * @module
 */
import { KvmError, SystemError } from "../mod.ts";
import { ERRNO } from "../kvm/abi/errno.ts";
import { remedyFor } from "../kvm/sys/remedy.ts";

/** The message with what to do, or `undefined` for an error of another making. */
export function limitText(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof KvmError || error instanceof SystemError) {
    return remedyFor(error.errno) === undefined ? undefined : error.message;
  }
  // Deno names the errno of its own errors so.
  const code = "code" in error ? String(error.code) : "";
  const remedy = remedyFor((ERRNO as Readonly<Record<string, number>>)[code] ?? 0);
  return remedy === undefined ? undefined : `${error.message}. ${remedy}`;
}
