/**
 * What is not there and cannot be fetched, and what would help.
 *
 * @module
 */
import { findProgram } from "./program.ts";

/** Something that is not there and cannot be fetched. */
export class MissingError extends Error {
  override readonly name = "MissingError";
}

/** How the distributions that have no apt install a program. */
const INSTALLERS: readonly (readonly [program: string, command: string])[] = [
  ["dnf", "sudo dnf install"],
  ["pacman", "sudo pacman -S"],
  ["zypper", "sudo zypper install"],
  ["apk", "sudo apk add"],
];

/** Names of Debian packages where another distribution has another name for them. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  "busybox-static": "busybox",
  "qemu-system-x86": "qemu-system-x86 (or qemu-system-x86_64, qemu-x86)",
};

/** How a person gets `packages` where there is no apt. */
export function adviceFor(packages: readonly string[], installer: string | undefined): string {
  const names = packages.map((name) => OTHER_NAMES[name] ?? name).join(" ");
  return installer === undefined
    ? `install ${names} with this system's package manager`
    : `run "${installer} ${names}"`;
}

/** Throws when this machine has no apt, saying what would help. */
export function requireApt(packages: readonly string[], programs: readonly string[]): void {
  const needed = ["apt-get", "apt-cache", "dpkg-deb"];
  if (needed.every((name) => findProgram(name) !== undefined)) return;
  const installer = INSTALLERS.find(([program]) => findProgram(program) !== undefined)?.[1];
  throw new MissingError(
    `Cannot fetch ${programs.join(", ")}: this machine has no apt; ` +
      adviceFor(packages, installer),
  );
}
