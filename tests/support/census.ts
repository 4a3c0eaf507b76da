/**
 * Holding a body to leaving nothing of KVM behind.
 *
 * @module
 */
import { type Census, takeCensus } from "@trapline/trapline";

function compare(what: string, before: Census): void {
  const after = takeCensus();
  const fds = after.fds - before.fds;
  const mappings = after.mappings - before.mappings;
  if (fds !== 0 || mappings !== 0) {
    throw new Error(`${what} leaks: ${fds} descriptors, ${mappings} mappings`);
  }
}

/**
 * Runs `body` between two counts of this process' descriptors and mappings;
 * when it returns a promise, the second count is taken once that is fulfilled.
 *
 * @param what Names the body in the message.
 * @throws {Error} When `body` succeeds and has left a descriptor or a mapping.
 */
export function withCensus<T extends void | Promise<void>>(what: string, body: () => T): T {
  const before = takeCensus();
  const result = body();
  if (result instanceof Promise) return result.then(() => compare(what, before)) as T;
  compare(what, before);
  return result;
}
