/**
 * What `look.ts` tells the test that runs it; apart from it, so that the test
 * needs no driver of browsers where there is no browser.
 *
 * @module
 */

/** What was seen on one screen. */
export interface Look {
  /** The screen. */
  readonly screen: string;
  /** Everything the page complained of, and everything it wanted to load beside itself. */
  readonly complaints: readonly string[];
  /** Whether the page is wider than the screen. */
  readonly overflows: boolean;
  /** The colour behind the text. */
  readonly paper: string;
  /** The heading of the details before anything was pointed at. */
  readonly before: string;
  /** The heading of the details after the cell was pointed at, or tapped. */
  readonly pointed: string;
  /** What the details then said, each thing with how it is. */
  readonly details: readonly (readonly [what: string, how: string])[];
  /** After the right arrow key. */
  readonly next: string;
  /** After each of the texts below was typed into the search. */
  readonly found: readonly string[];
  /** After the middle of the first strip was pointed at, or tapped. */
  readonly strip: string;
}

/** What is typed into the search: a part of a name, and an index that other names have in them. */
export const SEARCHED: readonly string[] = ["sysenter_eip", "c1", "0X174", "64"];
