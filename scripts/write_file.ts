/**
 * Writing output files whole or not at all.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { onEndingSignal } from "./ending_signals.ts";
import { type OutputPlace, placeOf } from "./output_place.ts";
import { isRefusal, WriteError } from "./write_error.ts";

interface Writer {
  write(bytes: Uint8Array): Promise<number>;
}

async function writeAll(to: Writer, data: Blob): Promise<void> {
  for await (const bytes of data.stream()) {
    for (let start = 0; start < bytes.length;) start += await to.write(bytes.subarray(start));
  }
}

/** Writes beside the file and moves that there. */
async function replaceFile(
  { path, mode }: Extract<OutputPlace, { kind: "file" }>,
  data: Blob,
  wanted: number | undefined,
): Promise<void> {
  // Not a name that others could know before, and not long where the file's own is.
  const temporary = join(dirname(path), `trapline-${crypto.randomUUID()}.tmp`);
  let end: number | undefined;
  // Put off until the files are in order, which does not take long.
  using _signals = onEndingSignal((_, status) => end = status);
  try {
    const options = { write: true, createNew: true, mode: wanted ?? mode ?? 0o666 };
    using file = await Deno.open(temporary, options);
    await writeAll(file, data);
    // What the umask took of it.
    if (wanted === undefined && mode !== undefined) await Deno.chmod(temporary, mode);
    // A disk that is written later, or over a network, says only here that it has no room.
    await file.syncData();
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  } finally {
    if (end !== undefined) Deno.exit(end);
  }
}

async function writeTo(place: OutputPlace, data: Blob, mode: number | undefined): Promise<void> {
  if (place.kind === "file") return await replaceFile(place, data, mode);
  if (place.kind === "stream") return await writeAll(place.stream, data);
  using device = await Deno.open(place.path, { write: true });
  await writeAll(device, data);
}

/**
 * Writes `data` to `path`. A file is written beside it and moved there, so that
 * an old one survives a full disk, and a signal leaves neither half a file nor
 * the one beside it; it keeps its mode, and a link that leads to it. A device or
 * a FIFO is written as it is, and may take as long as its reader does.
 *
 * @param mode The permissions of the file, less the umask's; by default those of the old one.
 * @throws {WriteError} When it cannot be written.
 */
export async function writeWhole(path: string, data: string | Blob, mode?: number): Promise<void> {
  let isFile = true;
  try {
    const place = placeOf(path);
    isFile = place.kind === "file";
    await writeTo(place, new Blob([data]), mode);
  } catch (error) {
    throw isRefusal(error) ? new WriteError(path, error, isFile) : error;
  }
}

/**
 * Makes all of `writes`, also after one that failed, complains of each that did,
 * and gives whether none has.
 */
export async function writeEach(writes: readonly (() => Promise<void>)[]): Promise<boolean> {
  let isWhole = true;
  for (const write of writes) {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof WriteError)) throw error;
      console.error(error.message);
      isWhole = false;
    }
  }
  return isWhole;
}
