/**
 * Names for what the cache holds, by what it was made of.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Sixteen hexadecimal digits that other parts, or parts in another order, do not have. */
export async function hexDigest(parts: readonly (string | Uint8Array)[]): Promise<string> {
  const bytes = new Uint8Array(
    await new Blob(parts.map((part) =>
      new Uint8Array(
        typeof part === "string" ? encoder.encode(`${part}\0`) : part,
      )
    )).arrayBuffer(),
  );
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 16);
}
