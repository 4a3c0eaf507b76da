/**
 * The command line of a script: its options, its `--help`, and the status 2
 * of a line it does not understand.
 *
 * @module
 */
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { asCalled } from "./program.ts";

const HELP = { help: { type: "boolean", short: "h" } } as const;

/** What a script accepts. */
export interface CommandLine<T extends ParseArgsOptionsConfig> {
  /** What `--help` prints, and what follows a complaint. */
  readonly usage: string;
  /** The options in the form of `node:util`; `help` is added to them. */
  readonly options: T;
  /** The arguments; those of this process by default. */
  readonly args?: readonly string[];
  /** Whether arguments that are no options are accepted; by default they are not. */
  readonly allowPositionals?: boolean;
}

type Parsed<T extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: T; strict: true; allowPositionals: true }>
>;

/** What a script was told. */
export interface Options<T extends ParseArgsOptionsConfig> {
  /** The options' values by name. */
  readonly values: Parsed<T>["values"];
  /** What was given beside the options. */
  readonly positionals: readonly string[];
}

/** What a command line asks for. */
export type Asked<T extends ParseArgsOptionsConfig> =
  /** To do the work. */
  | { readonly kind: "run"; readonly options: Options<T> }
  /** To print the usage. */
  | { readonly kind: "help" }
  /** Nothing that the script understands. */
  | { readonly kind: "misuse"; readonly complaint: string };

/** Reads a command line without printing or ending. */
export function readOptions<T extends ParseArgsOptionsConfig>(line: CommandLine<T>): Asked<T> {
  const { options, args = Deno.args, allowPositionals = false } = line;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, ...HELP },
      strict: true,
      allowPositionals,
    });
    if ((values as { readonly help?: boolean }).help === true) return { kind: "help" };
    return {
      kind: "run",
      options: { values: values as Parsed<T>["values"], positionals },
    };
  } catch (error) {
    if (!isMisuse(error)) throw error;
    return { kind: "misuse", complaint: error.message };
  }
}

function isMisuse(error: unknown): error is TypeError {
  return error instanceof TypeError && "code" in error &&
    String(error.code).startsWith("ERR_PARSE_ARGS_");
}

/**
 * Reads a command line. With `--help` it prints the usage and ends the process
 * with status 0; what it does not understand it complains of, with the usage,
 * on stderr, and ends the process with status 2.
 */
export function parseOptions<T extends ParseArgsOptionsConfig>(line: CommandLine<T>): Options<T> {
  const request = readOptions(line);
  if (request.kind === "run") return request.options;
  if (request.kind === "help") {
    console.log(asCalled(line.usage));
    Deno.exit(0);
  }
  console.error(`${request.complaint}\n\n${asCalled(line.usage)}`);
  Deno.exit(2);
}
