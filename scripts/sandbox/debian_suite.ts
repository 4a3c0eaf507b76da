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
  // The signature of a suite that changes daily, sid, is good for a week only; a mirror that has
  // come to a stop has kernels yet, and they run nowhere but in a sandbox.
  const options = ["arch=amd64", "check-valid-until=no"];
  if (await exists(KEYRING)) options.push(`signed-by=${KEYRING}`);
  return `deb [${options.join(" ")}] ${mirror} ${suite} main`;
}
