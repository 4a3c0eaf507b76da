/**
 * Opens the report on real results in headless Chromium, upright and on a phone
 * that lies on its side, and prints as JSON what was seen.
 *
 * `deno run --allow-all scripts/report/look_real.ts CHROMIUM PAGE.html [FOLDER]` looks at the
 * page of `real_results.json`, and leaves screenshots in the folder.
 *
 * @module
 */
import { onEveryScreen, type Screen, type Seen } from "../page/screens.ts";

/** What was seen on one screen. */
export interface RealLook {
  /** The screen. */
  readonly screen: string;
  /** Everything the page complained of, and everything it wanted to load beside itself. */
  readonly complaints: readonly string[];
  /** How many clauses are shown at first, with a known deviation, and after a search. */
  readonly shown: readonly string[];
  /** The details of a clause that holds. */
  readonly holds: string;
  /** The details of a clause with a known deviation. */
  readonly deviation: string;
  /**
   * Whether the chosen cell is then below the head, beside the clauses and clear of the details,
   * and again after each of some arrow keys.
   */
  readonly uncovered: readonly boolean[];
}

const SCREENS: readonly Screen[] = [
  { screen: "desk", width: 1280, height: 900, colorScheme: "light", touch: false },
  { screen: "phone on its side", width: 844, height: 390, colorScheme: "dark", touch: true },
];

/** In the page: whether the middle of each edge of the chosen cell is seen. */
const UNCOVERED = `(() => {
  const { left, right, top, bottom } = document.querySelector("td.chosen").getBoundingClientRect();
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return [[x, top + 1], [x, bottom - 2], [left + 1, y], [right - 2, y]].every((point) =>
    document.elementFromPoint(...point)?.matches("td.chosen")
  );
})()`;

async function lookAt(seen: Seen, folder: string | undefined): Promise<RealLook> {
  const { screen, page, touch, complaints } = seen;
  const shown: string[] = [];
  const see = async (): Promise<void> => {
    const rows = await page.locator(".grid tr[data-kinds]:visible").count();
    shown.push(`${rows}: ${await page.locator("#shown").innerText()}`);
  };
  const read = async (id: string): Promise<string> => {
    const cell = page.locator(".grid tr", { hasText: id }).locator("td").first();
    await (touch ? cell.tap() : cell.click());
    if (folder !== undefined) await page.screenshot({ path: `${folder}/${screen} ${id}.png` });
    return await page.locator("#details").innerText();
  };
  await see();
  const holds = await read("U-09");
  await page.keyboard.press("Escape");
  await page.locator('input[name="kind"][value="k"]').check();
  await see();
  await page.locator("#search").fill("d-06");
  await see();
  await page.locator("#all").click();
  const deviation = await read("X-55");
  const uncovered = [await page.evaluate(UNCOVERED) as boolean];
  for (const key of ["ArrowDown", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp"]) {
    await page.keyboard.press(key);
    uncovered.push(await page.evaluate(UNCOVERED) as boolean);
  }
  return { screen, complaints, shown, holds, deviation, uncovered };
}

if (import.meta.main) {
  const [chromium, file, folder] = Deno.args;
  const looks = await onEveryScreen(chromium!, file!, (seen) => lookAt(seen, folder), SCREENS);
  console.log(JSON.stringify(looks));
}
