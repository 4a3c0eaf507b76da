/**
 * Which archives this machine's apt is set to, and the lines of a private
 * sources.list made from them.
 *
 * @module
 */
import { textOf } from "./program.ts";

/** An archive that this machine's apt is set to. */
export interface Archive {
  /** Address of its root. */
  readonly uri: string;
  /** Suite or codename, such as `bookworm-updates`. */
  readonly suite: string;
  /** Such as `main`. */
  readonly component: string;
}

/** What the machine is. */
export interface Release {
  /** `debian`, `ubuntu` and so on. */
  readonly id: string;
  /** Such as `bookworm`; empty when it has none. */
  readonly codename: string;
}

const FORMAT = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)";

/** Reads what `apt-get indextargets` printed in the format of {@linkcode archives}. */
export function parseArchives(text: string): Archive[] {
  return text.split("\n").filter((line) => line.includes("|")).map((line) => {
    const [uri = "", suite = "", component = ""] = line.split("|");
    return { uri, suite, component };
  });
}

/** The archives that this machine's apt is set to. */
export async function archives(): Promise<Archive[]> {
  const args = ["indextargets", "--format", FORMAT, "Created-By: Packages"];
  return parseArchives(await textOf("apt-get", args, { what: "read apt's sources" }));
}

/** Reads os-release (os-release(5)). */
export function parseRelease(text: string): Release {
  const value = (name: string): string =>
    new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  return { id: value("ID"), codename: value("VERSION_CODENAME") };
}

const OS_RELEASE = "/etc/os-release";

/** What this machine is. */
export async function thisRelease(): Promise<Release> {
  return parseRelease(await Deno.readTextFile(OS_RELEASE).catch(() => ""));
}

/** Lines for the machine's own release, with its updates and its security fixes. */
export function ownLines(all: readonly Archive[], codename: string): string[] {
  const own = all.filter(({ suite }) => suite === codename || suite.startsWith(`${codename}-`));
  return [
    ...new Set(own.map(({ uri, suite, component }) => `deb ${uri} ${suite} ${component}`)),
  ];
}

/** The address of the mirror that has the release `codename`, if the machine uses one. */
export function mirrorOf(all: readonly Archive[], codename: string): string | undefined {
  return all.find(({ suite, component }) => suite === codename && component === "main")?.uri;
}
