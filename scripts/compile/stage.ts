/**
 * What the executable unpacks, gathered in one folder: Deno, and the program
 * with the packages that it needs beside it.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { textOf } from "../sandbox/program.ts";

/** What of the repository goes in. */
const PROGRAM = ["LICENSE", "mod.ts", "kvm", "guests", "tests", "scripts"];

/** Packages that only the repository's own tests and pictures need. */
const OF_THE_REPOSITORY: ReadonlySet<string> = new Set([
  "@action-validator/core",
  "junit2json",
  "kubernetes-models/",
  "playwright-core",
  "tap-parser",
  "yaml",
]);

/** The part of `deno.json` that matters here. */
export interface Config {
  readonly imports: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/**
 * The executable's `deno.json`: every import has its file or package beside it,
 * so that neither network nor registry is asked.
 *
 * @param offline The import map of `tests/support/`.
 */
export function packedConfig(config: Config, offline: Config["imports"]): Config {
  const { publish: _, ...rest } = config;
  const imports = Object.entries(offline)
    .filter(([name]) => !OF_THE_REPOSITORY.has(name))
    .map(([name, target]) => [
      name,
      target.startsWith(".") ? `./${join("tests/support", target)}` : target,
    ]);
  return {
    ...rest,
    imports: Object.fromEntries(imports),
    nodeModulesDir: "manual",
    nodeModulesLinker: "hoisted",
  };
}

/** Whether the file at `path`, from the repository's root, goes in: unit tests stay out. */
export function isPacked(path: string): boolean {
  return !/_test\.tsx?$/.test(path) || path.startsWith("tests/clauses/");
}

async function copy(root: string, path: string, to: string): Promise<void> {
  const from = join(root, path);
  if ((await Deno.stat(from)).isDirectory) {
    for await (const { name } of Deno.readDir(from)) await copy(root, join(path, name), to);
  } else if (isPacked(path)) {
    await Deno.mkdir(join(to, dirname(path)), { recursive: true });
    await Deno.copyFile(from, join(to, path));
  }
}

/** Gathers it below `stage`, an empty folder, from the repository at `root`, until `signal`. */
export async function fillStage(stage: string, root: string, signal: AbortSignal): Promise<void> {
  const program = join(stage, "program");
  for (const path of PROGRAM) await copy(root, path, program);
  const readJson = async (path: string): Promise<Config> =>
    JSON.parse(await Deno.readTextFile(join(root, path)));
  const { imports } = await readJson("tests/support/offline_import_map.json");
  const config = packedConfig(await readJson("deno.json"), imports);
  await Deno.writeTextFile(join(program, "deno.json"), JSON.stringify(config, null, 2));
  await Deno.copyFile(join(root, "deno.lock"), join(program, "deno.lock"));
  const deno = await Deno.realPath(Deno.execPath());
  const install = ["install", "--quiet", `--config=${join(program, "deno.json")}`];
  const what = "put the packages beside the program";
  await textOf(deno, install, { what, cwd: program, signal });
  await Deno.mkdir(join(stage, "bin"));
  await Deno.copyFile(deno, join(stage, "bin/deno"));
}
