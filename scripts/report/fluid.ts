/**
 * Measures how fluid a large report is, in headless Chromium, and prints the
 * medians. Nothing is asserted: a machine that does something else beside it
 * is slower, and that is no fault of the page.
 *
 * `deno run --allow-all scripts/report/fluid.ts [CLAUSES [CONFIGURATIONS [TIMES]]]`, by default
 * 1000, 20 and 5.
 *
 * @module
 */
import { chromium, type Page } from "playwright-core";
import { findChromium } from "../page/chromium.ts";
import { mergeResults } from "../results/merge.ts";
import { exampleResults } from "./example_results.ts";
import { reportPage } from "./page.tsx";

/** Milliseconds of each kind of thing a reader does. */
type Times = Readonly<Record<"load" | "typing" | "arrow keys" | "scrolling", readonly number[]>>;

/** In the page: a promise of when the next frame has been painted. */
const PAINTED = `const painted = () => new Promise((resolve) => {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(undefined);
  });
});
const timed = async (act) => {
  await painted();
  const start = performance.now();
  act();
  await painted();
  return performance.now() - start;
};
const times = [];`;

const TYPING = `(async () => { ${PAINTED}
  const search = document.getElementById("search");
  for (const text of ["s", "se", "sen", "sentence of x-1", "sentence of x-10", "d", "d-", "d-99", ""]) {
    times.push(await timed(() => {
      search.value = text;
      search.dispatchEvent(new Event("input", { bubbles: true }));
    }));
  }
  return times;
})()`;

const WALKING = `(async () => { ${PAINTED}
  const press = (key) => document.querySelector("td.chosen")
    .dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  press("Enter");
  for (let i = 0; i < 30; i++) {
    times.push(await timed(() => press(i % 3 === 2 ? "ArrowRight" : "ArrowDown")));
  }
  return times;
})()`;

const SCROLLING = `(async () => { ${PAINTED}
  const grid = document.querySelector(".grid");
  for (let i = 0; i < 30; i++) times.push(await timed(() => grid.scrollBy(0, 300)));
  return times;
})()`;

async function loadTime(page: Page, url: string): Promise<number> {
  const start = performance.now();
  await page.goto(url);
  await page.evaluate(`(async () => { ${PAINTED} await painted(); })()`);
  return performance.now() - start;
}

async function measure(executablePath: string, url: string, times: number): Promise<Times> {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const found = { "load": [], "typing": [], "arrow keys": [], "scrolling": [] } as Record<
    keyof Times,
    number[]
  >;
  for (let i = 0; i < times; i++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, offline: true });
    found.load.push(await loadTime(page, url));
    found.typing.push(...await page.evaluate(TYPING) as number[]);
    found["arrow keys"].push(...await page.evaluate(WALKING) as number[]);
    await page.keyboard.press("Escape");
    found.scrolling.push(...await page.evaluate(SCROLLING) as number[]);
    await page.close();
  }
  await browser.close();
  return found;
}

/** The value that `part` of the others do not exceed. */
function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(part * values.length) - 1]!;
}

if (import.meta.main) {
  const [clauses = 1000, configurations = 20, times = 5] = Deno.args.map(Number);
  const executablePath = findChromium();
  if (executablePath === undefined) {
    console.error("Cannot look: there is no Chromium on PATH");
    Deno.exit(1);
  }
  const start = performance.now();
  const page = reportPage(mergeResults(exampleResults(clauses, configurations)));
  const made = performance.now() - start;
  const file = await Deno.makeTempFile({ suffix: ".html" });
  try {
    await Deno.writeTextFile(file, page);
    console.log(
      `${clauses} clauses on ${configurations} configurations: ${(page.length / 1e6).toFixed(1)} ` +
        `MB, made in ${made.toFixed(0)} ms; milliseconds to the next frame:`,
    );
    for (
      const [what, values] of Object.entries(await measure(executablePath, `file://${file}`, times))
    ) {
      const [median, most] = [quantile(values, 0.5), quantile(values, 0.95)].map((ms) =>
        ms.toFixed(0)
      );
      console.log(`${what.padEnd(10)}  median ${median!.padStart(5)}  95% ${most!.padStart(5)}`);
    }
  } finally {
    await Deno.remove(file);
  }
}
