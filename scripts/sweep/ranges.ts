/**
 * The MSRs that a person names.
 *
 * @module
 */
import type { MsrWindow } from "@trapline/trapline/sweep";
import { windowText } from "../../guests/sweep/windows.ts";
import { MisuseError } from "../misuse.ts";

/**
 * Reads `--ranges`: `0x10,0x200-0x2ff`, indices in hexadecimal or decimal.
 *
 * @throws {MisuseError} When a part is no index and no range, an index has more
 * than 32 bits, a range ends before it starts, or two ranges overlap.
 */
export function parseRanges(text: string): MsrWindow[] {
  const windows = text.split(",").map((part) => {
    const match = /^\s*(0x[0-9a-f]+|\d+)\s*(?:-\s*(0x[0-9a-f]+|\d+)\s*)?$/i.exec(part);
    if (match === null) {
      throw new MisuseError(`Cannot read the range "${part}": it must be like 0x10 or 0x200-0x2ff`);
    }
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last > 0xffff_ffff || first > last) {
      throw new MisuseError(`Cannot sweep "${part}": it must go up, and to 0xffffffff at most`);
    }
    return { first, last };
  }).toSorted((a, b) => a.first - b.first);
  const twice = windows.find(({ first }, i) => i > 0 && first <= windows[i - 1]!.last);
  if (twice !== undefined) {
    throw new MisuseError(`Cannot sweep ${windowText(twice)} twice: the ranges overlap`);
  }
  return windows;
}
