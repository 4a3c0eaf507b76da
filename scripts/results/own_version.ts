/**
 * Which version of Trapline this is.
 *
 * @module
 */

/** The version that `deno.json` has. */
export function ownVersion(): string {
  const text = Deno.readTextFileSync(new URL("../../deno.json", import.meta.url));
  return JSON.parse(text).version;
}
