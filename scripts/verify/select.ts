/**
 * Choosing clauses by pattern.
 *
 * @module
 */
import { MisuseError } from "../misuse.ts";

/**
 * A predicate for clause ids from patterns with commas between them: `*` stands
 * for any text, `?` for one character; upper and lower case are alike.
 *
 * @throws {MisuseError} When a pattern has other characters than an id can have.
 */
export function idMatcher(patterns: string): (id: string) => boolean {
  const expressions = patterns.split(",").map((pattern) => {
    const trimmed = pattern.trim();
    if (!/^[A-Za-z0-9*?-]+$/.test(trimmed)) {
      throw new MisuseError(
        `Cannot select clauses by "${trimmed}": a pattern is like F-05, K-* or X-3?`,
      );
    }
    return new RegExp(`^${trimmed.replaceAll("*", ".*").replaceAll("?", ".")}$`, "i");
  });
  return (id) => expressions.some((expression) => expression.test(id));
}
