/**
 * Running a script as a person would, with its output going into pipes.
 *
 * @module
 */

/** What a script left behind. */
export interface Ended {
  /** The exit status. */
  readonly code: number;
  /** What it printed. */
  readonly stdout: string;
  /** What it complained of. */
  readonly stderr: string;
}

/** Runs `scripts/NAME` with the permissions that its task gives it, colours not forbidden. */
export async function runScript(name: string, args: readonly string[] = []): Promise<Ended> {
  const path = new URL(name, import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-ffi", "--allow-read", "--allow-env", path, ...args],
    env: { NO_COLOR: "" },
  }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}
