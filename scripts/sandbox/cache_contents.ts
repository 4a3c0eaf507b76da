/**
 * What the files of a cache's entry were when it was filled, to tell later
 * that one of them was cut short or changed.
 *
 * @module
 */
import { join } from "node:path";

/** A file as it was. */
interface Recorded {
  readonly size: number;
  /** When it was last written; whole seconds, which every archive keeps. */
  readonly seconds: number;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
}

type Contents = Readonly<Record<string, Recorded>>;

function filesBelow(directory: string, below = ""): string[] {
  return [...Deno.readDirSync(join(directory, below))].flatMap(({ name, isDirectory, isFile }) => {
    const path = join(below, name);
    return isDirectory ? filesBelow(directory, path) : isFile ? [path] : [];
  });
}

async function digestOf(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return new Uint8Array(digest).toHex();
}

const secondsOf = ({ mtime }: Deno.FileInfo): number => Math.floor((mtime?.getTime() ?? 0) / 1000);

/** The record of the files below `directory`. */
export async function recordContents(directory: string): Promise<string> {
  const contents: Record<string, Recorded> = {};
  for (const path of filesBelow(directory)) {
    const whole = join(directory, path);
    const info = Deno.statSync(whole);
    contents[path] = { size: info.size, seconds: secondsOf(info), digest: await digestOf(whole) };
  }
  return JSON.stringify(contents);
}

function parse(record: string): Contents | undefined {
  try {
    return JSON.parse(record);
  } catch {
    return undefined; // Damaged itself.
  }
}

function infoOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return undefined;
  }
}

/**
 * Names a file below `directory` that is not as `record` has it. A file is read
 * only when it was written since: to read all of them takes seconds.
 */
export async function damageIn(directory: string, record: string): Promise<string | undefined> {
  const contents = parse(record);
  if (contents === undefined) return "the record of its files";
  for (const [path, { size, seconds, digest }] of Object.entries(contents)) {
    const whole = join(directory, path);
    const info = infoOf(whole);
    if (info === undefined || !info.isFile || info.size !== size) return path;
    if (secondsOf(info) !== seconds && await digestOf(whole) !== digest) return path;
  }
  return undefined;
}
