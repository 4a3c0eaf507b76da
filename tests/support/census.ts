/**
 * Holding a body to leaving nothing of KVM behind.
 *
 * @module
 */
import { takeCensus } from "@trapline/trapline";

/**
 * Runs `body` between two counts of this process' descriptors and mappings.
 *
 * @param what Names the body in the message.
 * @throws {Error} When `body` returns and has left a descriptor or a mapping.
 */
export function withCensus(what: string, body: () => void): void {
  const before = takeCensus();
  body();
  const after = takeCensus();
  const fds = after.fds - before.fds;
  const mappings = after.mappings - before.mappings;
  if (fds !== 0 || mappings !== 0) {
    throw new Error(`${what} leaks: ${fds} descriptors, ${mappings} mappings`);
  }
}
