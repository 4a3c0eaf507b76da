/**
 * The repository's own files, as git knows them, and the checks on each.
 *
 * @module
 */
import { importFaults } from "./import_directions.ts";
import { sizeFaults } from "./file_size.ts";
import { reservedFaults } from "./reserved.ts";

const TOP_LEVEL: ReadonlySet<string> = new Set([
  "deno.json",
  "deno.lock",
  "mod.ts",
  "kvm",
  "guests",
  "tests",
  "scripts",
  "README.md",
  "LICENSE",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ".gitignore",
  ".ci",
  ".github",
]);

async function trackedFiles(): Promise<string[]> {
  const { stdout, success } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
  }).output();
  if (!success) throw new Error("Cannot list the repository's files: git ls-files failed");
  return new TextDecoder().decode(stdout).split("\0").filter((path) => path !== "");
}

/** Everything that is wrong with the repository's layout, imports and file sizes. */
export async function repositoryFaults(): Promise<string[]> {
  const faults: string[] = [];
  for (const path of await trackedFiles()) {
    const top = path.split("/")[0]!;
    if (!TOP_LEVEL.has(top)) faults.push(`${path}: "${top}" does not belong at the top level`);
    if (!/\.tsx?$/.test(path)) continue;
    const source = await Deno.readTextFile(path).catch((error: unknown) => {
      if (error instanceof Deno.errors.NotFound) return ""; // Deleted, not yet committed.
      throw error;
    });
    faults.push(
      ...importFaults(path, source),
      ...reservedFaults(path, source),
      ...sizeFaults(path, source),
    );
  }
  return faults;
}

if (import.meta.main) {
  const faults = await repositoryFaults();
  for (const fault of faults) console.error(fault);
  Deno.exit(faults.length === 0 ? 0 : 1);
}
