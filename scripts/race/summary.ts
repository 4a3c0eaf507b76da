/**
 * What `race` says in the end.
 *
 * @module
 */
import { type Total, WINDOW_US } from "./campaign.ts";

const count = (value: number): string => Math.round(value).toLocaleString("en");

/** `e^log` in words that a person can compare. */
export function probabilityText(log: number): string {
  const digits = Math.floor(-log / Math.LN10);
  return digits < 2 ? `${Math.ceil(100 * Math.exp(log))} %` : `10^-${digits}`;
}

/** How surely a window would have been noticed. */
export function certaintyText(log: number, processors: number): string {
  return processors < 2
    ? `A window of ${WINDOW_US} us in each swap is noticed only when a tick of the timer falls ` +
      "into it, on one processor: nothing is worked out"
    : `A window of ${WINDOW_US} us in each swap would have been missed with a probability of ` +
      `at most ${probabilityText(log)}`;
}

/** The totals in one line each. */
export function totalsText(totals: readonly Total[]): string {
  const rows = totals.map(({ name, seconds, accesses, swaps, violations }) => {
    const rate = (value: number): string => count(seconds === 0 ? 0 : value / seconds);
    return [
      name,
      `${seconds.toFixed(1)} s`,
      `${rate(accesses)} accesses/s`,
      `${rate(swaps)} swaps/s`,
      `${violations.length} violations`,
    ];
  });
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
  ).join("\n");
}
