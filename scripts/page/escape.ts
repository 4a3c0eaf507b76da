/**
 * Text that is embedded in a page as a script.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** `data` as JSON that no HTML parser can take for the end of the element around it. */
export function dataText(data: unknown): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/**
 * Looks at a script before it is embedded.
 *
 * @throws {SyntaxError} When an HTML parser would end the element within it.
 */
export function scriptText(source: string): string {
  if (/<\/script|<!--/i.test(source)) {
    throw new SyntaxError("Cannot embed the script: it holds the end of its own element");
  }
  return source;
}

/** The policy that lets a page load nothing and run `script` alone. */
export function policyText(script: string): string {
  const hash = createHash("sha256").update(script).digest("base64");
  return [
    "default-src 'none'",
    "img-src data:",
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${hash}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}
