/**
 * What is at the path that an output option names, and where a file for it
 * belongs.
 *
 * @module
 */
import { statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { MisuseError } from "./misuse.ts";
import { isRefusal, reasonOf } from "./write_error.ts";

/** What the help of a task says of the files that it writes. */
export const OUTPUT_HELP =
  `An output file is replaced once the new one is whole; its mode stays, and a link that leads to it.
A device or a FIFO, such as /dev/stdout, is written as it is. "-" is refused where none is named.`;

/** What an output is written to. */
export type OutputPlace =
  /** Standard output or standard error, named by its device, which Deno keeps from tasks. */
  | { readonly kind: "stream"; readonly stream: typeof Deno.stdout }
  /** A device or a FIFO, of which nothing may take the place. */
  | { readonly kind: "device"; readonly path: string }
  /** A file, or nothing yet, where links lead; with the permissions that it has. */
  | { readonly kind: "file"; readonly path: string; readonly mode: number | undefined };

const STREAMS: Readonly<Record<string, typeof Deno.stdout>> = {
  "/dev/stdout": Deno.stdout,
  "/dev/stderr": Deno.stderr,
};

/** Where the link at `path` leads, though nothing may be there; `path` when it is none. */
function followed(path: string): string {
  let target: string;
  try {
    target = Deno.readLinkSync(path);
  } catch {
    return path;
  }
  return followed(
    target.startsWith("/") ? target : `${Deno.realPathSync(dirname(path))}/${target}`,
  );
}

/**
 * Looks at what is at `path`.
 *
 * @throws {Error} With a `code`, when the system does not let this user look.
 * @throws {Deno.errors.NotCapable} When Deno does not.
 */
export function placeOf(path: string): OutputPlace {
  const stream = STREAMS[path];
  if (stream !== undefined) return { kind: "stream", stream };
  try {
    const { isFile, isDirectory, mode } = Deno.statSync(path);
    if (!isFile && !isDirectory) return { kind: "device", path };
    return { kind: "file", path: Deno.realPathSync(path), mode: mode! & 0o777 };
  } catch (error) {
    const { NotFound, NotADirectory } = Deno.errors;
    if (!(error instanceof NotFound || error instanceof NotADirectory)) throw error;
    // Links in a circle are no such error, so that this comes to an end.
    return { kind: "file", path: followed(path), mode: undefined };
  }
}

/** What is to be at `path`, if it can be. */
function requirePlace(path: string): OutputPlace {
  if (path === "-") {
    throw new MisuseError('Cannot write "-": that is no file; name one, /dev/stdout or "./-"');
  }
  try {
    return placeOf(path);
  } catch (error) {
    throw isRefusal(error) ? new MisuseError(`Cannot write "${path}": ${reasonOf(error)}`) : error;
  }
}

/** Makes sure that a file can be at `place`, and gives its one true name. */
function requireFile(path: string, place: string): string {
  const isFolder = (name: string): boolean =>
    statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const folder = dirname(place);
  if (!isFolder(folder)) {
    throw new MisuseError(`Cannot write "${path}": there is no folder "${folder}"`);
  }
  if (isFolder(place)) {
    throw new MisuseError(`Cannot write "${path}": there is a folder of that name; name a file`);
  }
  return join(Deno.realPathSync(folder), basename(place));
}

/**
 * Makes sure that what is to be written to `paths` can be put there, before the
 * work whose results it is.
 *
 * @throws {MisuseError} When the folder of one of them is not there, when it is a
 * folder itself, or when two of them are one.
 */
export function requireOutputs(...paths: readonly (string | undefined)[]): void {
  const seen = new Map<string, string>();
  for (const path of paths) {
    if (path === undefined) continue;
    const place = requirePlace(path);
    const name = place.kind === "file" ? requireFile(path, place.path) : path;
    const before = seen.get(name);
    if (before !== undefined) {
      throw new MisuseError(`Cannot write both "${before}" and "${path}": they are one`);
    }
    seen.set(name, path);
  }
}
