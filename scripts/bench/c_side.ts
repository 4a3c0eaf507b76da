/**
 * The C program of the benchmark: compiled into a temporary directory, and
 * asked for one batch at a time.
 *
 * @module
 */
import { type CCompiler, findCCompiler } from "../../tests/support/c_compiler.ts";
import { makePrivateFolder } from "../../tests/support/private_folder.ts";
import { onEndingSignal } from "../ending_signals.ts";
import { guestHeader } from "./guests.ts";
import type { Batch } from "./pairs.ts";

const SOURCE = new URL("./bench.c", import.meta.url).pathname;

/** What the C program can measure. */
export type CMeasure = "port_io" | "rdmsr" | "life_cycle" | "single_access" | "walks";

/** A failure of the C compiler or of the C program. */
export class CSideError extends Error {
  override readonly name = "CSideError";
}

async function compile([command, ...args]: CCompiler, directory: string): Promise<string> {
  const program = `${directory}/bench`;
  await Deno.writeTextFile(`${directory}/guest.h`, guestHeader());
  const { success, stderr } = await new Deno.Command(command, {
    args: [...args, "-O2", "-Wall", "-Wextra", "-I", directory, "-o", program, SOURCE],
  }).output();
  if (success) return program;
  throw new CSideError(`Cannot compile bench.c: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Hands a new temporary directory to `use`, and removes it also when a signal ends the process. */
async function withTemporaryDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = makePrivateFolder("trapline-bench-");
  const remove = (): void => Deno.removeSync(directory, { recursive: true });
  using _signals = onEndingSignal((_, status) => {
    remove();
    Deno.exit(status);
  });
  try {
    return await use(directory);
  } finally {
    remove();
  }
}

/** The running C program. It ends when it is disposed of, or with this process. */
export class CSide implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #pending = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /**
   * Compiles and starts the program. The directory is gone when this returns:
   * a program that runs needs no file.
   *
   * @param walks The filters and lists of the measure "walks".
   * @throws {CSideError} When there is no compiler, or it or the program fails.
   */
  static async start(walks: Uint8Array): Promise<CSide> {
    const compiler = await findCCompiler();
    if (compiler === undefined) throw new CSideError("Cannot find a C compiler: set CC to one");
    return await withTemporaryDirectory(async (directory) => {
      const program = await compile(compiler, directory);
      const args = [`${directory}/walks`];
      await Deno.writeFile(args[0]!, walks);
      const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
      const side = new CSide(child);
      await side.batch("port_io")(0, 1);
      return side;
    });
  }

  /** The batch of `measure`, timed by the program's own clock. */
  batch(measure: CMeasure): Batch {
    return async (warmUp, count) => {
      const line = `${measure} ${warmUp} ${count}\n`;
      await this.#writer.write(new TextEncoder().encode(line));
      return Number(await this.#readLine());
    };
  }

  async #readLine(): Promise<string> {
    while (!this.#pending.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) {
        const { code } = await this.#child.status;
        throw new CSideError(`Cannot measure: the C program ended with status ${code}`);
      }
      this.#pending += value;
    }
    const end = this.#pending.indexOf("\n");
    const line = this.#pending.slice(0, end);
    this.#pending = this.#pending.slice(end + 1);
    return line;
  }

  /** Ends the program. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {}); // It may have ended already.
    await this.#lines.cancel();
    await this.#child.status;
  }
}
