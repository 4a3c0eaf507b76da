/**
 * The executable as a file: a shell script, and behind it an archive.
 *
 * @module
 */
import { bytesOf } from "../sandbox/program.ts";

const START = new URL("start.sh", import.meta.url);

/** The archive of `bin` and `program` in `stage`; the same files give the same bytes. */
async function archiveOf(
  stage: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const same = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
  const args = ["--create", ...same, "--mode=go-w", `--directory=${stage}`, "bin", "program"];
  const tar = await bytesOf("tar", args, { what: "pack the executable", signal });
  const packed = new Blob([tar.slice()]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** The executable that unpacks what is in `stage` and starts it. */
export async function executableOf(
  stage: string,
  version: string,
  signal?: AbortSignal,
): Promise<Blob> {
  const archive = await archiveOf(stage, signal);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", archive));
  const script = await Deno.readTextFile(START);
  const start = script.replaceAll("@ID@", digest.toHex().slice(0, 16))
    .replaceAll("@VERSION@", version)
    // The line behind the script's last one.
    .replaceAll("@LINES@", String(script.split("\n").length));
  return new Blob([start, archive]);
}
