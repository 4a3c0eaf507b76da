/**
 * Checks that what is reserved for one room stays in it.
 *
 * @module
 */

interface Reserved {
  /** What is reserved. */
  readonly what: string;
  /** How it looks in code. */
  readonly pattern: RegExp;
  /** The rooms that may have it, as the starts of paths. */
  readonly rooms: readonly string[];
  /** Tests that may have it too. */
  readonly tests?: RegExp;
}

const RESERVED: readonly Reserved[] = [
  {
    what: "FFI",
    pattern: /\bDeno\.(dlopen|Unsafe\w+)\b/,
    rooms: ["kvm/sys/", "scripts/checks/"],
    tests: /^kvm\/\w+_test\.ts$/, // What the binding laid out is read back by its address.
  },
  { what: "console", pattern: /\bconsole\.\w+\(/, rooms: ["scripts/"] },
];

/** What the file at `path` has that another room should have. */
export function reservedFaults(path: string, source: string): string[] {
  return RESERVED
    .filter(({ pattern, rooms, tests }) =>
      pattern.test(source) && !rooms.some((room) => path.startsWith(room)) && !tests?.test(path)
    )
    .map(({ what, rooms }) => `${path}: ${what} belongs in ${rooms[0]}`);
}
