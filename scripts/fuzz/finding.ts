/**
 * What a search that breaks off says of the KVM.
 *
 * @module
 */
import { DeadlineError, ExitBudgetError, GuestAssertionError, KvmError } from "@trapline/trapline";
import { NatureError } from "@trapline/trapline/oracle";
import { limitText } from "../limits.ts";

const KINDS = [DeadlineError, ExitBudgetError, GuestAssertionError, KvmError, NatureError];

/**
 * What was found, when it is a KVM or a guest of it that broke the search off;
 * `undefined` for a limit of the machine, and for a mistake of the search's own.
 */
export function findingText(error: unknown): string | undefined {
  if (limitText(error) !== undefined) return undefined;
  const isFinding = KINDS.some((kind) => error instanceof kind);
  return isFinding ? `the search broke off: ${(error as Error).message}` : undefined;
}
