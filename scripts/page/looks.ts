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
  /** After the right arrow key. */
  readonly next: string;
  /** After the text below was typed into the search. */
  readonly found: string;
  /** After the middle of the first strip was pointed at, or tapped. */
  readonly strip: string;
}

/** What is typed into the search. */
export const SEARCHED = "sysenter_eip";
