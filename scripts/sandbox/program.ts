/**
 * Running other programs, and saying well how one failed.
 *
 * @module
 */
import { delimiter, join } from "node:path";

const FIRST_LINES = 3;
const LAST_LINES = 5;

/** The first and the last lines of a long complaint: cause and end. */
export function shortened(complaint: string): string {
  const lines = complaint.split("\n");
  const left = lines.length - FIRST_LINES - LAST_LINES;
  if (left <= 1) return complaint;
  const middle = `... ${left} lines ...`;
  return [...lines.slice(0, FIRST_LINES), middle, ...lines.slice(-LAST_LINES)].join("\n");
}

/** A program did not do what it was started for. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
  /** The program's exit status. */
  readonly code: number;

  constructor(what: string, program: string, code: number, complaint: string) {
    const detail = complaint.trim() === "" ? "" : `:\n${shortened(complaint.trim())}`;
    super(`Cannot ${what}: ${program} ended with status ${code}${detail}`);
    this.code = code;
  }
}

/** How a program is run. */
export interface RunOptions {
  /** Completes "Cannot ...". */
  readonly what: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program to its end and gives the bytes that it printed. */
export async function bytesOf(
  program: string,
  args: readonly string[],
  { what, signal, ...options }: RunOptions,
): Promise<Uint8Array> {
  const command = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
    ...(signal === undefined ? {} : { signal }),
  });
  const { code, stdout, stderr } = await command.output();
  signal?.throwIfAborted();
  if (code !== 0) throw new ProgramError(what, program, code, new TextDecoder().decode(stderr));
  return stdout;
}

/** Runs a program to its end and gives the text that it printed. */
export async function textOf(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  return new TextDecoder().decode(await bytesOf(program, args, options));
}

// An ordinary user's PATH often lacks these, where mke2fs is.
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Where the program `name` is installed, if it is. */
export function findProgram(name: string): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  // Neither an empty entry nor "." is one: there, who wrote to the current directory decides.
  return folders.filter((folder) => folder.startsWith("/")).map((folder) => join(folder, name))
    .find(
      (path) => {
        try {
          const { isFile, mode } = Deno.statSync(path);
          return isFile && ((mode ?? 0) & 0o111) !== 0;
        } catch {
          return false;
        }
      },
    );
}
