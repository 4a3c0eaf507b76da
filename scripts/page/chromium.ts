/**
 * The Chromium in which pages are tested.
 *
 * @module
 */

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The path of a Chromium of this machine, or `undefined` when there is none. */
export function findChromium(path: string = Deno.env.get("PATH") ?? ""): string | undefined {
  for (const folder of path.split(":")) {
    for (const name of NAMES) {
      const file = `${folder}/${name}`;
      try {
        if (Deno.statSync(file).isFile) return file;
      } catch (error) {
        if (
          !(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)
        ) {
          throw error;
        }
      }
    }
  }
  return undefined;
}
