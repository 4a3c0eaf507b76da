/**
 * Gathering the files of a disk's image in a folder.
 *
 * @module
 */
import { relative } from "node:path";
import { ProgramError, textOf } from "./program.ts";

const MIB = 1 << 20;

/** The most that goes onto one disk, in bytes. */
const LIMIT = 2048 * MIB;

/** What is copied. */
export interface Copied {
  /** Paths of files and folders of the host. */
  readonly paths: readonly string[];
  /** Paths below these that stay out. */
  readonly without?: readonly string[];
  /** What they are, and what to do when they are too large, for the message that says so. */
  readonly named: { readonly what: string; readonly remedy: string };
}

function counting(
  { what, remedy }: Copied["named"],
  limit: number,
): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes > limit) {
        throw new RangeError(
          `Cannot take ${what} along: it has more than ${limit / MIB} MiB; ${remedy}`,
        );
      }
      controller.enqueue(chunk);
    },
  });
}

/**
 * Copies files and folders to the same paths below `stage`.
 *
 * @param limit the most that they may have, in bytes.
 * @throws `RangeError` when they have more.
 */
export async function copyBelow(
  stage: string,
  { paths, without = [], named }: Copied,
  signal?: AbortSignal,
  limit: number = LIMIT,
): Promise<void> {
  const inside = (path: string): string => relative("/", path);
  const spawn = (args: readonly string[], stdin: "null" | "piped", stdout: "null" | "piped") =>
    new Deno.Command("tar", {
      args: [...args],
      stdin,
      stdout,
      stderr: "piped",
      ...(signal === undefined ? {} : { signal }),
    }).spawn();
  const reader = spawn(
    [
      ...["--create", "--file=-", "--anchored", "--no-wildcards", "--directory=/"],
      ...without.map((path) => `--exclude=${inside(path)}`),
      "--",
      ...paths.map(inside),
    ],
    "null",
    "piped",
  );
  const writer = spawn(["--extract", "--file=-", `--directory=${stage}`], "piped", "null");
  const complaints = [reader, writer].map(({ stderr }) => new Response(stderr).text());
  await reader.stdout.pipeThrough(counting(named, limit)).pipeTo(writer.stdin)
    .catch((error: unknown) => {
      // What tar has to say is better than that its pipe broke.
      if (error instanceof RangeError) throw error;
    });
  const statuses = await Promise.all([reader.status, writer.status]);
  signal?.throwIfAborted();
  for (const [index, { code }] of statuses.entries()) {
    // Status 1 of the reader: a file changed while it was read; it is there all the same.
    if (code === 0 || (index === 0 && code === 1)) continue;
    throw new ProgramError(
      "gather what goes into the sandbox",
      "tar",
      code,
      await complaints[index]!,
    );
  }
}

/** How many MiB a file system must have for what is in `stage`. */
export async function mibOf(stage: string, signal?: AbortSignal): Promise<number> {
  const size = await textOf("du", ["-s", "-k", stage], {
    what: "measure what goes into the sandbox",
    signal,
  });
  // The tables of the file system itself.
  return Math.ceil(parseInt(size) / 1024 * 1.1);
}
