/**
 * The windows of MSR indices that a sweep goes through.
 *
 * @module
 */
import { MisuseError } from "../misuse.ts";

/** MSR indices from `first` to `last`, both included. */
export interface MsrWindow {
  /** First MSR index. */
  readonly first: number;
  /** Last MSR index. */
  readonly last: number;
}

/** Where the architectures and KVM have their MSRs. */
export const WINDOWS: readonly (MsrWindow & { readonly name: string })[] = [
  { first: 0x0, last: 0x1fff, name: "Intel's space, architectural MSRs and x2APIC" },
  { first: 0x4000_0000, last: 0x4000_01ff, name: "Hyper-V's paravirtual MSRs" },
  { first: 0x4b56_4d00, last: 0x4b56_4dff, name: "KVM's paravirtual MSRs" },
  { first: 0xc000_0000, last: 0xc000_1fff, name: "AMD's space, EFER and the SYSCALL MSRs" },
  { first: 0xc001_0000, last: 0xc001_1fff, name: "AMD's K7 and later" },
];

/** `0xc0000080`. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** `0x10`, or `0x10-0x1f`. */
export function windowText({ first, last }: MsrWindow): string {
  return first === last ? hex(first) : `${hex(first)}-${hex(last)}`;
}

/** What is in a window, where it lies in one of {@linkcode WINDOWS}. */
export function windowName({ first, last }: MsrWindow): string | undefined {
  return WINDOWS.find((window) => first >= window.first && last <= window.last)?.name;
}

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

/** The indices of `windows`, in their order. */
export function indicesOf(windows: readonly MsrWindow[]): number[] {
  return windows.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i)
  );
}
