/**
 * Opens a report in headless Chromium as a person would, on a phone and on a
 * desk, and prints as JSON what was seen.
 *
 * `deno run --allow-all scripts/report/look.ts CHROMIUM PAGE.html [FOLDER]` looks at what
 * `exampleResults()` makes, and leaves screenshots in the folder.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { measure, onEveryScreen, type Seen } from "../page/screens.ts";

/** What was seen on one screen. */
export interface ReportLook {
  /** The screen. */
  readonly screen: string;
  /** Everything the page complained of, and everything it wanted to load beside itself. */
  readonly complaints: readonly string[];
  /** Whether the page is wider than the screen. */
  readonly overflows: boolean;
  /** The colour behind the text. */
  readonly paper: string;
  /** How many clauses are shown at first, after a search, of one kind, that differ, and again. */
  readonly shown: readonly string[];
  /** How many columns are shown when one configuration was taken away. */
  readonly columns: number;
  /** The details of the first known deviation, after it was clicked, or tapped. */
  readonly deviation: string;
  /** The headings of the details by keys: Enter, two arrows with the details open. */
  readonly walked: readonly string[];
  /** Whether Escape closed the details and the cell has the focus again. */
  readonly closed: boolean;
  /** The heading of the details at the address of a cell. */
  readonly linked: string;
  /** Whether the cell is then above the details, not behind them. */
  readonly uncovered: boolean;
  /**
   * The heading of the details when Tab led back to the matrix after a filter had hidden the
   * chosen cell, and Enter was pressed; and what is said when nothing matches.
   */
  readonly refound: readonly [heading: string, nothing: string];
  /** Whether the details and the tools are on paper, and whether the evidence is. */
  readonly printed: readonly [details: boolean, tools: boolean, evidence: boolean];
  /** What paper says of the filter in force, and of none. */
  readonly filtered: readonly [filter: string, none: string];
  /** The size of the letters of a cell on paper, in whole points. */
  readonly points: number;
}

async function headingOf(page: Page): Promise<string> {
  return await page.locator("#details h3").innerText();
}

async function filter(page: Page): Promise<string[]> {
  const shown: string[] = [];
  const see = async (): Promise<void> => {
    const rows = await page.locator(".grid tr[data-kinds]:visible").count();
    shown.push(`${rows}: ${await page.locator("#shown").innerText()}`);
  };
  await see();
  await page.keyboard.press("/");
  await page.keyboard.type("sentence of f-0");
  await see();
  await page.locator("#search").fill("");
  await page.locator('input[name="kind"][value="f"]').check();
  await see();
  await page.locator('input[name="kind"][value="f"]').uncheck();
  await page.locator("#differing").check();
  await see();
  await page.locator("#all").click();
  await see();
  return shown;
}

async function columnsLeft(page: Page): Promise<number> {
  await page.locator("#tools summary").click();
  await page.locator('input[name="column"]').first().uncheck();
  const count = await page.locator(".grid thead th:visible").count() - 1;
  await page.locator("#all").click();
  return count;
}

async function walk(page: Page): Promise<string[]> {
  const headings: string[] = [];
  const current = page.locator('.grid td[tabindex="0"]');
  await current.focus();
  await page.keyboard.press("Enter");
  headings.push(await headingOf(page));
  await current.focus();
  for (const key of ["ArrowDown", "ArrowRight"]) {
    await page.keyboard.press(key);
    headings.push(await headingOf(page));
  }
  return headings;
}

/** Hides the chosen cell by a search, and comes back to the matrix by keys alone. */
async function findAgain(page: Page): Promise<[string, string]> {
  await page.locator("#search").fill("nowhere");
  const nothing = await page.locator("#nothing").innerText();
  await page.locator("#search").fill("of f-03");
  await page.locator("#search").focus();
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate("document.activeElement.matches('.grid td')")) break;
  }
  await page.keyboard.press("Enter");
  const heading = await headingOf(page);
  await page.keyboard.press("Escape");
  await page.locator("#all").click();
  return [heading, nothing];
}

/** What is on paper, where nothing can be opened or chosen. */
async function print(page: Page): Promise<Pick<ReportLook, "printed" | "filtered" | "points">> {
  const filter = async (text: string): Promise<string> => {
    await page.emulateMedia({ media: null });
    await page.locator("#search").fill(text);
    await page.emulateMedia({ media: "print" });
    const said = page.locator("#filtered");
    return await said.isVisible() ? await said.innerText() : "nothing";
  };
  const filtered = [await filter("of f-03"), await filter("")] as const;
  await page.evaluate("dispatchEvent(new Event('beforeprint'))");
  const printed = await Promise.all([
    page.locator("#details").isVisible(),
    page.locator("#tools").isVisible(),
    page.locator("#attention pre").first().isVisible(),
  ]);
  const points = await page.evaluate(
    "parseFloat(getComputedStyle(document.querySelector('.grid td')).fontSize) * 72 / 96",
  ) as number;
  return { printed, filtered, points: Math.round(points) };
}

async function lookAt(seen: Seen, folder: string | undefined): Promise<ReportLook> {
  const { screen, page, touch, complaints } = seen;
  const shoot = async (what: string): Promise<void> => {
    if (folder !== undefined) await page.screenshot({ path: `${folder}/${screen}-${what}.png` });
  };
  await shoot("top");
  const shown = await filter(page);
  const columns = await columnsLeft(page);
  const refound = await findAgain(page);
  const walked = await walk(page);
  await page.keyboard.press("Escape");
  const closed = await page.evaluate(
    "document.getElementById('details').hidden && document.activeElement.matches('.chosen')",
  ) as boolean;
  const cell = page.locator("td.known-deviation").first();
  await (touch ? cell.tap() : cell.click());
  await shoot("deviation");
  const deviation = await page.locator("#details").innerText();
  await page.evaluate("location.hash = '#F-02/host'");
  await page.locator("#details h3", { hasText: "F-02" }).waitFor();
  const linked = await headingOf(page);
  const uncovered = await page.evaluate(
    "document.querySelector('td.chosen').getBoundingClientRect().bottom <= " +
      "document.getElementById('details').getBoundingClientRect().top",
  ) as boolean;
  await shoot("flaky");
  const { width, paper } = await measure(page);
  const paperSide = await print(page);
  await shoot("print");
  const overflows = width > seen.width;
  return {
    ...{ screen, complaints, overflows, paper, shown, columns, deviation, walked, closed },
    ...{ refound, linked, uncovered, ...paperSide },
  };
}

if (import.meta.main) {
  const [chromium, file, folder] = Deno.args;
  const looks = await onEveryScreen(chromium!, file!, (seen) => lookAt(seen, folder));
  console.log(JSON.stringify(looks));
}
