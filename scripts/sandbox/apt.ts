/**
 * A private apt: its own sources, lists and archives in a directory of its own,
 * without root and without touching the machine's. apt itself checks the
 * signatures and the hashes.
 *
 * @module
 */
import { join } from "node:path";
import { bytesOf, ProgramError, textOf } from "./program.ts";

// The machine's own settings (a proxy, say) hold, but not its hooks.
const SETTINGS = `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
APT::Get::List-Cleanup "false";
APT::Install-Recommends "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
`;

/** What is known of a package that `apt-get install` would install. */
export interface Wanted {
  readonly name: string;
  readonly version: string;
}

/** Reads the packages from what `apt-get --simulate install` printed. */
export function parseSimulation(text: string): Wanted[] {
  return [...text.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) /gm)].map((match) => ({
    name: match[1]!,
    version: match[2]!,
  }));
}

/** Takes those of `packages` that are shared libraries, by their records as apt-cache shows them. */
export function librariesAmong(packages: readonly Wanted[], records: string): Wanted[] {
  const libraries = new Set(
    records.split("\n\n").filter((record) => /^Section: libs$/m.test(record))
      .map((record) => /^Package: (\S+)$/m.exec(record)?.[1]),
  );
  return packages.filter(({ name }) => libraries.has(name));
}

/** How apt is set up. */
export interface AptOptions {
  /** Takes nothing of this machine to be installed, as for packages of another release. */
  readonly isForeign?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** How many packages one process fetches; each process reads all lists first. */
const AT_ONCE = 20;

/** apt with its own sources. */
export class Apt {
  readonly #directory: string;
  readonly #signal: AbortSignal | undefined;

  private constructor(directory: string, signal: AbortSignal | undefined) {
    this.#directory = directory;
    this.#signal = signal;
  }

  /**
   * Makes one in the empty `directory` and fetches its lists.
   *
   * @param lines lines of a sources.list.
   * @throws `ProgramError` when the archives cannot be reached or their signatures are wrong.
   */
  static async update(
    directory: string,
    lines: readonly string[],
    { isForeign = false, signal }: AptOptions = {},
  ): Promise<Apt> {
    for (const folder of ["lists/partial", "cache/archives/partial", "no-parts"]) {
      await Deno.mkdir(join(directory, folder), { recursive: true });
    }
    await Deno.writeTextFile(join(directory, "sources.list"), lines.join("\n") + "\n");
    const foreign = isForeign ? 'Dir::State::status "/dev/null";\n' : "";
    await Deno.writeTextFile(
      join(directory, "apt.conf"),
      `${SETTINGS}${foreign}Dir::Etc::sourcelist "${join(directory, "sources.list")}";
Dir::Etc::sourceparts "${join(directory, "no-parts")}";
Dir::State::lists "${join(directory, "lists")}";
Dir::Cache "${join(directory, "cache")}";
`,
    );
    const apt = new Apt(directory, signal);
    await apt.#run("apt-get", ["update", "-qq", "--error-on=any"], "fetch apt's lists");
    return apt;
  }

  async #run(program: string, args: readonly string[], what: string): Promise<string> {
    const config = join(this.#directory, "apt.conf");
    return await textOf(program, ["-c", config, ...args], {
      what,
      env: { LC_ALL: "C" },
      signal: this.#signal,
    });
  }

  /** Names of packages that start with `prefix`. */
  async names(prefix: string): Promise<string[]> {
    const text = await this.#run("apt-cache", ["pkgnames", prefix], "search apt's lists");
    return text.split("\n").filter((name) => name !== "");
  }

  /** The packages that `names` need and this machine does not have, themselves included. */
  async missing(names: readonly string[]): Promise<Wanted[]> {
    const what = `find what ${names.join(", ")} need`;
    return parseSimulation(
      await this.#run("apt-get", ["install", "--simulate", "--reinstall", "-qq", ...names], what),
    );
  }

  /** The packages `names`, and the shared libraries that they need. */
  async withLibraries(names: readonly string[]): Promise<Wanted[]> {
    const all = await this.missing(names);
    const records = await this.#run(
      "apt-cache",
      ["show", ...all.map(({ name, version }) => `${name}=${version}`)],
      "look up packages",
    );
    const libraries = librariesAmong(all, records);
    return [...all.filter(({ name }) => names.includes(name)), ...libraries];
  }

  /**
   * Fetches packages and unpacks them below `root`.
   *
   * @param each is told before packages are fetched: how many have been, and the next one's name.
   */
  async unpack(
    packages: readonly Wanted[],
    root: string,
    each: (done: number, next: string) => void = () => {},
  ): Promise<void> {
    const debs = await Deno.makeTempDir({ dir: this.#directory });
    for (let done = 0; done < packages.length; done += AT_ONCE) {
      const some = packages.slice(done, done + AT_ONCE);
      each(done, some[0]!.name);
      const config = join(this.#directory, "apt.conf");
      const wanted = some.map(({ name, version }) => `${name}=${version}`);
      await bytesOf("apt-get", ["-c", config, "download", "-qq", ...wanted], {
        what: `fetch the package${some.length === 1 ? "" : "s"} ${wanted.join(", ")}`,
        cwd: debs,
        env: { LC_ALL: "C" },
        signal: this.#signal,
      });
    }
    for await (const { name } of Deno.readDir(debs)) {
      await bytesOf("dpkg-deb", ["--extract", join(debs, name), root], {
        what: `unpack ${name}`,
        signal: this.#signal,
      });
    }
    await Deno.remove(debs, { recursive: true });
  }

  /** The version of the package `name` that would be fetched. */
  async candidate(name: string): Promise<Wanted> {
    const text = await this.#run("apt-cache", ["policy", name], `look up the package ${name}`);
    const version = /^ {2}Candidate: (\S+)$/m.exec(text)?.[1];
    if (version === undefined || version === "(none)") {
      throw new ProgramError(`find the package ${name}`, "apt-cache policy", 0, "It is in no list");
    }
    return { name, version };
  }
}
