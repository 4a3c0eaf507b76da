/**
 * Pictures of a page of strips for a document, light and dark: the top of the
 * page, with the details of one cell.
 *
 * `deno run --allow-all scripts/page/picture.ts PAGE.html CELL OUT` points at the
 * cell that the CSS selector finds, and writes `OUT-light.png` and `OUT-dark.png`.
 *
 * @module
 */
import { resolve } from "node:path";
import { chromium } from "playwright-core";
import { findChromium } from "./chromium.ts";

const VIEWPORT = { width: 1280, height: 900 };

if (import.meta.main) {
  const [file, selector, out] = Deno.args;
  const executablePath = findChromium();
  if (file === undefined || selector === undefined || out === undefined) {
    console.error("Usage: deno run --allow-all scripts/page/picture.ts PAGE.html CELL OUT");
    Deno.exit(2);
  }
  if (executablePath === undefined) {
    console.error("Cannot take a picture: there is no Chromium on PATH");
    Deno.exit(1);
  }
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  for (const colorScheme of ["light", "dark"] as const) {
    const page = await browser.newPage({ viewport: VIEWPORT, colorScheme, offline: true });
    await page.goto(`file://${resolve(file)}`);
    await page.locator(selector).first().hover();
    await page.screenshot({ path: `${out}-${colorScheme}.png` });
  }
  await browser.close();
}
