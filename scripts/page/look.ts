/**
 * Opens a page of strips in headless Chromium as a person would, on a phone and
 * on a desk, and prints as JSON what was seen.
 *
 * `deno run --allow-all scripts/page/look.ts CHROMIUM PAGE.html CELL [FOLDER]` looks at
 * the cell that the CSS selector finds, and leaves screenshots in the folder.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { type Look, SEARCHED } from "./looks.ts";
import { measure, onEveryScreen, type Seen } from "./screens.ts";

async function headingOf(page: Page): Promise<string> {
  return await page.locator("#details > :first-child").innerText();
}

async function detailsOf(page: Page): Promise<[what: string, how: string][]> {
  const texts = await page.locator("#details dl > *").allInnerTexts();
  return texts.flatMap((text, i): [string, string][] => i % 2 === 0 ? [[text, texts[i + 1]!]] : []);
}

async function lookAt(seen: Seen, selector: string, folder: string | undefined): Promise<Look> {
  const { screen, page, touch, complaints } = seen;
  const before = await headingOf(page);
  const point = async (at: string): Promise<string> => {
    const target = page.locator(at).first();
    await (touch ? target.tap() : target.hover());
    return await headingOf(page);
  };
  const pointed = await point(selector);
  const details = await detailsOf(page);
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${screen}.png` });
  await page.locator(".rows").first().focus();
  await page.keyboard.press("ArrowRight");
  const next = await headingOf(page);
  const found: string[] = [];
  for (const text of SEARCHED) {
    await page.locator("#find").fill(text);
    found.push(await headingOf(page));
  }
  const strip = await point(".strip");
  const { width, paper } = await measure(page);
  // A phone makes its viewport as wide as the page: the screen is what it must fit.
  const overflows = width > seen.width;
  return { screen, complaints, overflows, paper, before, pointed, details, next, found, strip };
}

if (import.meta.main) {
  const [chromium, file, selector, folder] = Deno.args;
  const looks = await onEveryScreen(
    chromium!,
    file!,
    (seen) => lookAt(seen, selector!, folder),
  );
  console.log(JSON.stringify(looks));
}
