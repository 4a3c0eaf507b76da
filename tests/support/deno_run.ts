/**
 * Running parts of this repository as processes of their own.
 *
 * @module
 */
const ROOT = new URL("../../", import.meta.url).pathname;
const IMPORT_MAP = `${ROOT}tests/support/offline_import_map.json`;

/** The command that runs the file at `path`, from the repository's root, with all permissions. */
export function denoRun(path: string, ...args: readonly string[]): [string, ...string[]] {
  return [
    Deno.execPath(),
    ...["run", "--quiet", "--no-check", `--import-map=${IMPORT_MAP}`, "--allow-all"],
    `${ROOT}${path}`,
    ...args,
  ];
}

/** The machine has the program `name`, and Deno may run it. */
export function program(name: string): () => string | undefined {
  return () => {
    if (Deno.permissions.querySync({ name: "run", command: name }).state !== "granted") {
      return `it needs ${name}: Deno runs without --allow-run`;
    }
    try {
      new Deno.Command(name, { args: ["--version"], stdin: "null" }).outputSync();
      return undefined;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return `the machine has no ${name}`;
    }
  };
}
