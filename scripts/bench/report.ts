/**
 * The figures as a table and as JSON.
 *
 * @module
 */
import type { Paint } from "../terminal.ts";
import type { Target } from "./measures.ts";
import { type Spread, spread } from "./pairs.ts";

/** The ratios of one measure. */
export interface Figure {
  /** What was compared with what. */
  readonly name: string;
  /** Where the ratio should lie. */
  readonly target: Target | undefined;
  /** What keeps it from being better. */
  readonly boundedBy: string;
  /** The ratios, in the order they were taken. */
  readonly ratios: readonly number[];
}

function isMet(target: Target, { median }: Spread): boolean {
  return target.kind === "at most" ? median <= target.value : median >= target.value;
}

function verdict(target: Target | undefined, found: Spread, paint: Paint): string {
  if (target === undefined) return paint.dim("for information");
  const wanted = `${target.kind} ${target.value.toFixed(2)}`;
  return isMet(target, found) ? paint.green(`${wanted}: met`) : paint.yellow(`${wanted}: missed`);
}

/** Two lines a figure: the spread with the target, and what bounds it. */
export function figureText(figure: Figure, paint: Paint): string {
  const found = spread(figure.ratios);
  const range = `(${found.min.toFixed(2)}..${found.max.toFixed(2)})`;
  return `${figure.name.padEnd(70)} ${paint.bold(found.median.toFixed(3))}  ` +
    `${range.padEnd(14)} ${verdict(figure.target, found, paint)}\n` +
    paint.dim(`  bounded by ${figure.boundedBy}`);
}

/** A figure in the form that `--json` writes. */
export interface FigureJson extends Spread {
  /** What was compared with what. */
  readonly name: string;
  /** Where the ratio should lie; `null` for a figure that only informs. */
  readonly target: Target | null;
  /** Whether the median lies there; `null` without a target. */
  readonly met: boolean | null;
  /** How many ratios there are. */
  readonly pairs: number;
}

/** `figure` in the form that `--json` writes. */
export function toJson({ name, target, ratios }: Figure): FigureJson {
  const found = spread(ratios);
  return {
    name,
    target: target ?? null,
    met: target === undefined ? null : isMet(target, found),
    pairs: ratios.length,
    ...found,
  };
}
