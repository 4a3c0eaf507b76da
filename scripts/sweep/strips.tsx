/**
 * Windows of MSRs as strips: one line over the whole window, and below it the
 * cells of each row of 16 that holds something.
 *
 * @module
 */
import type { JSX } from "preact";
import { msrIndices, type MsrWindow } from "@trapline/trapline/sweep";
import { hex, windowName, windowText } from "../../guests/sweep/windows.ts";
import { msrName } from "./names.ts";

/** MSRs one after the other that look the same. */
export interface StripItem extends MsrWindow {
  /** The class, which is the colour. */
  readonly kind: string;
  /** Signs on the cell. */
  readonly marks: readonly string[];
}

/** What the script shows of the MSRs of an item. */
export interface StripDetail extends MsrWindow {
  /** The class in words. */
  readonly about: string;
  /** What there is to say. */
  readonly lines: readonly (readonly [what: string, how: string])[];
  /** Whether it is of the class {@linkcode EMPTY}. */
  readonly empty?: boolean;
}

/** What the script finds in the page: the details, and the names of their MSRs. */
export function stripData(items: readonly StripDetail[]): unknown {
  const names = msrIndices(items).flatMap((index) => {
    const name = msrName(index);
    return name === undefined ? [] : [[index, name]];
  });
  return { items, names: Object.fromEntries(names) };
}

/** The class that is left white: rows of nothing else are not drawn. */
export const EMPTY = "unknown";

const ROW = 16;

function clipped(items: readonly StripItem[], window: MsrWindow): StripItem[] {
  return items
    .filter(({ first, last }) => first <= window.last && last >= window.first)
    .map((item) => ({
      ...item,
      first: Math.max(item.first, window.first),
      last: Math.min(item.last, window.last),
    }));
}

function Line(
  { window, items }: { readonly window: MsrWindow; readonly items: readonly StripItem[] },
): JSX.Element {
  const size = window.last - window.first + 1;
  return (
    <svg
      class="strip"
      viewBox={`0 0 ${size} 1`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`The MSRs ${windowText(window)} in one line`}
      data-first={window.first}
      data-last={window.last}
    >
      {items.filter(({ kind }) => kind !== EMPTY).map(({ first, last, kind }) => (
        <rect
          class={`k-${kind}`}
          x={first - window.first}
          y="0"
          width={last - first + 1}
          height="1"
        />
      ))}
    </svg>
  );
}

function Row(
  { at, items }: { readonly at: MsrWindow; readonly items: readonly StripItem[] },
): JSX.Element {
  return (
    <div class="row" data-first={at.first}>
      <span>{hex(at.first)}</span>
      {clipped(items, at).flatMap(({ first, last, kind, marks }) =>
        Array.from(
          { length: last - first + 1 },
          (_, i) => (
            <i
              key={first + i}
              class={[`k-${kind}`, ...marks.map((mark) => `m-${mark}`)].join(" ")}
            />
          ),
        )
      )}
    </div>
  );
}

/** The rows of a window, those next to each other that are empty joined to one. */
function rowsOf(
  window: MsrWindow,
  items: readonly StripItem[],
): (MsrWindow & { empty: boolean })[] {
  const rows: { first: number; last: number; empty: boolean }[] = [];
  for (let first = window.first; first <= window.last; first += ROW) {
    const last = Math.min(first + ROW - 1, window.last);
    const empty = clipped(items, { first, last }).every(({ kind }) => kind === EMPTY);
    const before = rows.at(-1);
    if (empty && before?.empty) before.last = last;
    else rows.push({ first, last, empty });
  }
  return rows;
}

/** One window. */
export function Strip(
  { window, items }: { readonly window: MsrWindow; readonly items: readonly StripItem[] },
): JSX.Element {
  const here = clipped(items, window);
  const rows = rowsOf(window, here);
  return (
    <section>
      <h2>
        <span class="mono">{windowText(window)}</span> <small>{windowName(window)}</small>
      </h2>
      <Line window={window} items={here} />
      <div class="rows" tabindex={0} aria-label="Cells; the arrow keys go from one to the next">
        {rows.map((row) =>
          row.empty
            ? <p key={row.first} class="gap">{windowText(row)}</p>
            : <Row key={row.first} at={row} items={here} />
        )}
      </div>
    </section>
  );
}

/** What the colours and the signs mean, with the number of MSRs of each. */
export function Legend(
  { kinds, marks }: {
    readonly kinds: readonly (readonly [kind: string, about: string, count: number])[];
    readonly marks: readonly (readonly [mark: string, about: string, count: number])[];
  },
): JSX.Element {
  return (
    <ul class="legend">
      {kinds.filter(([, , count]) => count > 0).map(([kind, about, count]) => (
        <li>
          <i class={`k-${kind}`} /> <b>{count.toLocaleString("en")}</b> {about}
        </li>
      ))}
      {marks.filter(([, , count]) => count > 0).map(([mark, about, count]) => (
        <li>
          <i class={`sample m-${mark}`} /> <b>{count.toLocaleString("en")}</b> {about}
        </li>
      ))}
    </ul>
  );
}

/** Where the script looks an MSR up, and where it shows what it found. */
export function Finder(): JSX.Element {
  return (
    <>
      <p>
        <input type="search" id="find" placeholder="Name or index" aria-label="Find an MSR" />
      </p>
      <aside id="details" aria-live="polite">
        <p class="faint">Point at a cell, or tap it.</p>
      </aside>
    </>
  );
}

/** The script that shows details; it needs {@linkcode stripData} in the page. */
export function stripScript(): string {
  return Deno.readTextFileSync(new URL("./strips.js", import.meta.url));
}
