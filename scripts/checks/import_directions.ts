/**
 * Checks that imports only point up the table of rooms.
 *
 * @module
 */
import { dirname, join, normalize } from "node:path/posix";

/** A room: the files whose path starts with `path`, and what they may import. */
interface Room {
  readonly path: string;
  /** Path prefixes inside the repository. */
  readonly files: readonly string[];
  /** Bare names; those that end in ":" or "/" stand for all that begin with them. */
  readonly packages: readonly string[];
}

/** What a user's project has of this one. */
const PACKAGE = [
  "@trapline/trapline",
  "@trapline/trapline/oracle",
  "@trapline/trapline/race",
  "@trapline/trapline/sweep",
];

const TEST_PACKAGES = ["@std/assert", "fast-check", ...PACKAGE];

// The first room whose path matches is the file's.
const ROOMS: readonly Room[] = [
  { path: "kvm/abi/", files: ["kvm/abi/"], packages: [] },
  { path: "kvm/sys/", files: ["kvm/sys/", "kvm/abi/"], packages: [] },
  { path: "kvm/", files: ["kvm/"], packages: [] },
  { path: "guests/asm/", files: ["guests/asm/"], packages: ["iced-x86"] },
  { path: "guests/oracle/", files: ["guests/", "kvm/"], packages: ["fast-check"] },
  { path: "guests/", files: ["guests/", "kvm/"], packages: [] },
  { path: "mod.ts", files: ["kvm/", "guests/"], packages: [] },
  // The ABI check holds the tables themselves against the C headers.
  {
    path: "tests/abi_test.ts",
    files: ["kvm/abi/", "tests/support/"],
    packages: TEST_PACKAGES,
  },
  {
    path: "tests/support/header_check",
    files: ["kvm/abi/", "tests/support/"],
    packages: TEST_PACKAGES,
  },
  // Deno opens no file below /proc without all permissions.
  {
    path: "tests/support/kernel_memory.ts",
    files: ["kvm/sys/proc.ts"],
    packages: [],
  },
  {
    path: "tests/support/std_assert.ts",
    files: [],
    packages: ["node:assert/strict"],
  },
  // The calls among which KVM_SET_SIGNAL_MASK is must leave deadlines in force.
  {
    path: "tests/support/other_calls.ts",
    files: ["tests/support/", "kvm/sys/watchdog.ts"],
    packages: TEST_PACKAGES,
  },
  {
    path: "tests/support/collect_garbage.ts",
    files: [],
    packages: ["node:v8", "node:vm"],
  },
  // What a project of a user's own could hold as it stands.
  {
    path: "tests/examples/",
    files: [],
    packages: ["@std/assert", ...PACKAGE],
  },
  { path: "tests/", files: ["tests/support/"], packages: TEST_PACKAGES },
  {
    path: "scripts/",
    files: ["kvm/", "guests/", "mod.ts", "tests/", "scripts/"],
    packages: [
      ...TEST_PACKAGES,
      "node:",
      "preact",
      "preact-render-to-string",
      "playwright-core",
      "ajv/2020",
      "junit2json",
      "tap-parser",
      "@action-validator/core",
      "kubernetes-models/",
      "yaml",
    ],
  },
];

const IMPORT =
  /^\s*(?:import|export)\b[^"';]*?\bfrom\s+"([^"]+)"|^\s*import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

/** The specifiers that `source` imports. */
export function importsOf(source: string): string[] {
  const code = source.replaceAll(/\/\*\*[\s\S]*?\*\//g, "");
  return [...code.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3]!);
}

/** What is wrong with the imports of the file at `path`, a path from the repository's root. */
export function importFaults(path: string, source: string): string[] {
  const room = ROOMS.find((room) => path.startsWith(room.path));
  if (room === undefined) return [`${path}: belongs to no room`];
  const isUnitTest = path.endsWith("_test.ts");
  const faults: string[] = [];
  for (const specifier of importsOf(source)) {
    const allowed = specifier.startsWith(".")
      ? room.files.some((prefix) => normalize(join(dirname(path), specifier)).startsWith(prefix)) ||
        (isUnitTest && normalize(join(dirname(path), specifier)).startsWith("tests/support/"))
      : [...room.packages, ...(isUnitTest ? TEST_PACKAGES : [])].some((name) =>
        specifier === name || (/[:/]$/.test(name) && specifier.startsWith(name))
      );
    if (!allowed) faults.push(`${path}: may not import "${specifier}"`);
  }
  return faults;
}
