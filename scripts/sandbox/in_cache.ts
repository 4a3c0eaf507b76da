/**
 * Whether a sandbox can be booted without fetching anything, for tests of it.
 *
 * @module
 */
import { Cache, cacheDirectory } from "./cache.ts";
import { findProgram } from "./program.ts";

const EMULATORS = {
  amd: { part: "qemu-system-x86", program: "qemu-system-x86_64" },
  // A Bochs that is installed may be an old one, which no sandbox uses.
  intel: { part: "bochs", program: undefined },
} as const;

/** Why the sandbox of `vendor` with Linux 6.12 cannot be booted like that, if so. */
export async function whyNotInCache(vendor: "amd" | "intel"): Promise<string | undefined> {
  if (Deno.env.get("TRAPLINE_SANDBOX") !== undefined) return "this is a sandbox already";
  const cache = new Cache(cacheDirectory((name) => Deno.env.get(name)));
  const names = (await cache.list()).map(({ name }) => name);
  const has = (part: string): boolean => names.some((name) => name.includes(part));
  const { part, program } = EMULATORS[vendor];
  const isThere = has("kernel-6.12") &&
    (has(part) || (program !== undefined && findProgram(program) !== undefined));
  return isThere ? undefined : `the ${vendor} sandbox is not in the cache`;
}
