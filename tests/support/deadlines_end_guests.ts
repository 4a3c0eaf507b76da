/**
 * Whether deadlines work, found out where a guest that hangs does no harm.
 *
 * @module
 */

const SPINNING_GUEST = new URL("./spinning_guest.ts", import.meta.url).pathname;
const IMPORT_MAP = new URL("./offline_import_map.json", import.meta.url).pathname;

const PATIENCE_SECONDS = 20;

let known: boolean | undefined;

/**
 * Runs a guest that spins, under a deadline, in a process of its own, and says
 * whether the deadline ended it. If not, a test of deadlines must fail without
 * running such a guest in this process, which nothing would end.
 */
export function deadlinesEndGuests(): boolean {
  known ??= new Deno.Command("timeout", {
    args: [
      ...["-s", "KILL", String(PATIENCE_SECONDS)],
      ...[Deno.execPath(), "run", "--no-check", "--quiet", `--import-map=${IMPORT_MAP}`],
      ...["--allow-ffi", "--allow-read", SPINNING_GUEST],
    ],
    stdout: "null",
    stderr: "null",
  }).outputSync().success;
  return known;
}
