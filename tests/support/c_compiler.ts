/**
 * The machine's C compiler.
 *
 * @module
 */

/** A C compiler: its command, and the arguments that always go with it. */
export type CCompiler = readonly [command: string, ...args: string[]];

/** What a compiler made of a source. */
export interface Compilation {
  /** The first error as one line; undefined when the source compiles. */
  readonly error: string | undefined;
  /** The assembly, empty when the source does not compile. */
  readonly assembly: string;
}

/**
 * Returns the first of `$CC`, `cc`, `gcc` and `clang` that exists and that Deno
 * may run. `$CC` may hold arguments, as in `CC="gcc -isystem DIRECTORY"`.
 */
export async function findCCompiler(): Promise<CCompiler | undefined> {
  const [command, ...args] = (Deno.env.get("CC") ?? "").trim().split(/\s+/);
  const candidates: CCompiler[] = [["cc"], ["gcc"], ["clang"]];
  if (command) candidates.unshift([command, ...args]);
  for (const candidate of candidates) {
    if (await answers(candidate)) return candidate;
  }
  return undefined;
}

/** Compiles `source` to assembly; both pass through pipes, so no file is written. */
export async function compile(compiler: CCompiler, source: string): Promise<Compilation> {
  const [command, ...args] = compiler;
  const child = new Deno.Command(command, {
    args: [...args, "-x", "c", "-S", "-o", "-", "-"],
    env: { LC_ALL: "C" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [{ success, stdout, stderr }] = await Promise.all([
    child.output(),
    ReadableStream.from([new TextEncoder().encode(source)]).pipeTo(child.stdin)
      .catch(ignoreBrokenPipe),
  ]);
  if (success) return { error: undefined, assembly: new TextDecoder().decode(stdout) };
  const message = new TextDecoder().decode(stderr);
  return { error: /error: (.+)/.exec(message)?.[1] ?? message.trim(), assembly: "" };
}

/** A compiler that refuses its arguments reads nothing, and its status says so. */
function ignoreBrokenPipe(error: unknown): void {
  if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
}

async function answers([command]: CCompiler): Promise<boolean> {
  if (Deno.permissions.querySync({ name: "run", command }).state !== "granted") return false;
  try {
    return (await new Deno.Command(command, { args: ["--version"] }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
