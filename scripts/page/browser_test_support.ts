/**
 * Tests of pages in a browser: they are ignored where there is none.
 *
 * @module
 */
import { testUnless } from "../../tests/support/test_unless.ts";
import { findChromium } from "./chromium.ts";

const CHROMIUM = findChromium();
const IMPORTS = new URL("../../tests/support/offline_import_map.json", import.meta.url).pathname;

/** Registers a test that needs Chromium. */
export function browserTest(name: string, fn: () => Promise<void>): void {
  testUnless(CHROMIUM === undefined ? "there is no Chromium" : undefined, name, fn);
}

/**
 * Has `driver`, a script beside the test, show `page` to Chromium, and gives what it prints.
 *
 * @throws {Error} When the driver fails.
 */
export async function look<T>(
  driver: URL,
  page: string,
  args: readonly string[] = [],
): Promise<T[]> {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/page.html`;
    await Deno.writeTextFile(file, page);
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--allow-all",
        `--import-map=${IMPORTS}`,
        driver.pathname,
        CHROMIUM!,
        file,
        ...args,
      ],
    }).output();
    if (!success) throw new Error(`Cannot look: ${new TextDecoder().decode(stderr)}`);
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
