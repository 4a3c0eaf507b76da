/**
 * A suite of Debian that need not be the machine's own release.
 *
 * @module
 */
import { archives, mirrorOf, thisRelease } from "./apt_sources.ts";
import { MissingError } from "./missing.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/**
 * The line of a sources.list for a suite of Debian.
 *
 * @throws `MissingError` when no mirror is known.
 */
export async function suiteLine(suite: string): Promise<string> {
  const { id, codename } = await thisRelease();
  const mirror = Deno.env.get("TRAPLINE_DEBIAN_MIRROR") ??
    (id === "debian" ? mirrorOf(await archives(), codename) : undefined);
  if (mirror === undefined) {
    throw new MissingError(
      `Cannot fetch packages of Debian ${suite}: apt is set to no Debian mirror; ` +
        "set TRAPLINE_DEBIAN_MIRROR to the address of one, " +
        "with the package debian-archive-keyring installed",
    );
  }
  const options = await exists(KEYRING) ? `arch=amd64 signed-by=${KEYRING}` : "arch=amd64";
  return `deb [${options}] ${mirror} ${suite} main`;
}
