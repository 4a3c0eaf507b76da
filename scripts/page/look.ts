/**
 * Opens a page of strips in headless Chromium as a person would, on a phone and
 * on a desk, and prints as JSON what was seen. For tests, which run it as a
 * process of its own, since the browser needs more permissions than they have.
 *
 * `deno run --allow-all scripts/page/look.ts CHROMIUM PAGE.html CELL [FOLDER]` looks at
 * the cell that the CSS selector finds, and leaves screenshots in the folder.
 *
 * @module
 */
import { type Browser, chromium, type Page } from "playwright-core";
import { type Look, SEARCHED } from "./looks.ts";

const SCREENS = [
  { screen: "desk-light", width: 1280, height: 900, colorScheme: "light", touch: false },
  { screen: "desk-dark", width: 1280, height: 900, colorScheme: "dark", touch: false },
  { screen: "phone-light", width: 360, height: 740, colorScheme: "light", touch: true },
  { screen: "phone-dark", width: 360, height: 740, colorScheme: "dark", touch: true },
] as const;

async function headingOf(page: Page): Promise<string> {
  return await page.locator("#details > :first-child").innerText();
}

async function lookAt(
  browser: Browser,
  url: string,
  selector: string,
  { screen, width, height, colorScheme, touch }: (typeof SCREENS)[number],
  folder: string | undefined,
): Promise<Look> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    hasTouch: touch,
    isMobile: touch,
    offline: true,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:")) complaints.push(request.url());
  });
  await page.goto(url);
  const before = await headingOf(page);
  const point = async (at: string): Promise<string> => {
    const target = page.locator(at).first();
    await (touch ? target.tap() : target.hover());
    return await headingOf(page);
  };
  const pointed = await point(selector);
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${screen}.png` });
  await page.locator(".rows").first().focus();
  await page.keyboard.press("ArrowRight");
  const next = await headingOf(page);
  await page.locator("#find").fill(SEARCHED);
  const found = await headingOf(page);
  const strip = await point(".strip");
  // A phone makes its viewport as wide as the page: the screen is what it must fit.
  const [pageWidth, paper] = await page.evaluate(
    "[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]",
  ) as [number, string];
  await context.close();
  const overflows = pageWidth > width;
  return { screen, complaints, overflows, paper, before, pointed, next, found, strip };
}

if (import.meta.main) {
  const [executablePath, file, selector, folder] = Deno.args;
  const browser = await chromium.launch({
    executablePath: executablePath!,
    args: ["--no-sandbox"],
  });
  const looks: Look[] = [];
  for (const screen of SCREENS) {
    looks.push(await lookAt(browser, `file://${file}`, selector!, screen, folder));
  }
  await browser.close();
  console.log(JSON.stringify(looks));
}
