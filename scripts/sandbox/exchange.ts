/**
 * The exchange disk of one run: an ext4 image that has the user's files at the
 * paths that they have on the host. The guest reads them as it needs them, may
 * change them, and leaves its status and its results there.
 *
 * @module
 */
import { join } from "node:path";
import type { Tools } from "./machine.ts";
import { textOf } from "./program.ts";
import { copyBelow, mibOf } from "./stage.ts";
import { unpackResults } from "./unpack_results.ts";

/** Room beside the user's files, in MiB; it takes none on the host until it is used. */
const ROOM_MIB = 1024;

const STATUS = /^(\d+) (\d+)\n$/;

/** What goes into a sandbox. */
export interface Inward {
  /** Paths of files and folders of the host, which are at the same paths inside. */
  readonly paths: readonly string[];
  /** Paths below these that stay out. */
  readonly without: readonly string[];
  /** Files below `/trapline` by name: the settings, the command and the results wanted. */
  readonly own: Readonly<Record<string, string>>;
}

/** What came out of a sandbox. */
export interface Outward {
  /** The command's exit status. */
  readonly status: number;
  /** How many results there are. */
  readonly results: number;
}

/** Puts text in single quotes for a shell. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Makes the exchange disk in `directory` and gives the path of its image.
 *
 * @param tools have mke2fs.
 * @param limit the most that may go in, in bytes.
 */
export async function makeExchange(
  directory: string,
  inward: Inward,
  tools: Tools,
  signal?: AbortSignal,
  limit?: number,
): Promise<string> {
  const stage = join(directory, "stage");
  await Deno.mkdir(join(stage, "trapline"), { recursive: true });
  for (const [name, text] of Object.entries(inward.own)) {
    await Deno.writeTextFile(join(stage, "trapline", name), text);
  }
  const named = { what: "the current directory", remedy: "start in a smaller one" };
  await copyBelow(stage, { ...inward, named }, signal, limit);
  const image = join(directory, "exchange");
  const mib = await mibOf(stage, signal) + ROOM_MIB;
  await textOf(tools.program("mke2fs"), [
    ...["-q", "-t", "ext4", "-O", "^has_journal,^metadata_csum,^resize_inode,^huge_file"],
    ...["-E", "lazy_itable_init=1,nodiscard,root_owner=0:0", "-m", "0", "-b", "4096"],
    ...["-L", "exchange", "-d", stage, image, `${mib}m`],
  ], { what: "make the exchange disk", env: tools.env, signal });
  await Deno.remove(stage, { recursive: true });
  return image;
}

async function dump(image: string, path: string, to: string, tools: Tools): Promise<void> {
  // debugfs ends with status 0 whatever happens; the file is there or is not.
  await textOf(tools.program("debugfs"), ["-R", `dump ${path} ${to}`, image], {
    what: `read ${path} from the exchange disk`,
    env: tools.env,
  });
}

/**
 * Reads what came out, or gives nothing if the sandbox did not come to its end.
 * Results are unpacked below `target`, where an old file stays until the new one is whole.
 *
 * @param tools have debugfs.
 * @param directory where there is room for copies.
 */
export async function readOutward(
  image: string,
  tools: Tools,
  directory: string,
  target: string,
): Promise<Outward | undefined> {
  const statusFile = join(directory, "status");
  await dump(image, "/trapline/status", statusFile, tools);
  const match = STATUS.exec(await Deno.readTextFile(statusFile).catch(() => ""));
  if (match === null) return undefined;
  const outward = { status: Number(match[1]), results: Number(match[2]) };
  if (outward.results > 0) {
    const archive = join(directory, "results.tar");
    await dump(image, "/trapline/results.tar", archive, tools);
    await unpackResults(archive, target);
  }
  return outward;
}
