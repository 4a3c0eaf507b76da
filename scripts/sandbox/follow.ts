/**
 * Following a file that another process writes, which is how an emulator's
 * serial ports are read: nothing listens, and the file is there afterwards.
 *
 * @module
 */

const PAUSE_MS = 20;
const CHUNK = 65536;

/**
 * Streams a file that grows. The file need not be there yet. When `ended` has
 * resolved and everything was read, the stream closes.
 */
export function followFile(
  path: string,
  ended: Promise<unknown>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let over = false;
  let file: Deno.FsFile | undefined;
  const mark = (): void => {
    over = true;
  };
  ended.then(mark, mark);
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const buffer = new Uint8Array(CHUNK);
      for (;;) {
        const last = over;
        file ??= await Deno.open(path).catch((error: unknown) => {
          if (error instanceof Deno.errors.NotFound) return undefined;
          throw error;
        });
        const count = await file?.read(buffer) ?? 0;
        if (count > 0) return controller.enqueue(buffer.subarray(0, count));
        if (last) {
          file?.close();
          return controller.close();
        }
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    },
    cancel() {
      file?.close();
    },
  });
}
