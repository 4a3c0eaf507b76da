/**
 * The screens on which a page is looked at in headless Chromium: a desk and a
 * phone, each light and dark. For drivers, which run as processes of their own,
 * since the browser needs more permissions than tests have.
 *
 * @module
 */
import { chromium, type Page } from "playwright-core";

/** A screen, and the theme of who sits before it. */
export interface Screen {
  /** Its name. */
  readonly screen: string;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** The theme. */
  readonly colorScheme: "light" | "dark";
  /** Whether it is touched, not pointed at. */
  readonly touch: boolean;
}

const SCREENS: readonly Screen[] = [
  { screen: "desk-light", width: 1280, height: 900, colorScheme: "light", touch: false },
  { screen: "desk-dark", width: 1280, height: 900, colorScheme: "dark", touch: false },
  { screen: "phone-light", width: 360, height: 740, colorScheme: "light", touch: true },
  { screen: "phone-dark", width: 360, height: 740, colorScheme: "dark", touch: true },
];

/** A page on a screen. */
export interface Seen {
  /** The screen's name. */
  readonly screen: string;
  /** Its width, in pixels. */
  readonly width: number;
  /** Whether it is touched, not pointed at. */
  readonly touch: boolean;
  /** The page, loaded without a network. */
  readonly page: Page;
  /** Everything it complained of so far, and everything it wanted to load beside itself. */
  readonly complaints: readonly string[];
}

/** Shows the page in `file` on all `screens`, one after the other, and gives what `visit` gives. */
export async function onEveryScreen<T>(
  executablePath: string,
  file: string,
  visit: (seen: Seen) => Promise<T>,
  screens: readonly Screen[] = SCREENS,
): Promise<T[]> {
  const url = `file://${file}`;
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const results: T[] = [];
  for (const { screen, width, height, colorScheme, touch } of screens) {
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
      const wanted = request.url().split("#")[0]!;
      if (wanted !== url && !wanted.startsWith("data:")) complaints.push(wanted);
    });
    await page.goto(url);
    results.push(await visit({ screen, width, touch, page, complaints }));
    await context.close();
  }
  await browser.close();
  return results;
}

/** How wide the page is, and the colour behind its text. */
export async function measure(page: Page): Promise<{ width: number; paper: string }> {
  const [width, paper] = await page.evaluate(
    "[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]",
  ) as [number, string];
  return { width, paper };
}
