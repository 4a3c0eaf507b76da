/**
 * What of Trapline goes along into a sandbox, where it is not in the directory
 * that goes in anyway.
 *
 * @module
 */
import { join } from "node:path";

/** What a project elsewhere imports, and what stands in for `@std/assert`. */
const PACKAGE = ["deno.json", "deno.lock", "mod.ts", "kvm", "guests", "tests/support"];

/** Trapline, where it is elsewhere. */
export interface OwnFiles {
  /** The root, which is there inside too. */
  readonly root: string;
  /** The files and folders of it that go in. */
  readonly paths: readonly string[];
  /** Whether its lock file says which packages are needed, not the directory's. */
  readonly isProject: boolean;
}

/**
 * What goes in of Trapline at `root` beside `directory`: the executable whole,
 * of a repository the package. Nothing, when the directory holds it.
 */
export function ownFiles(
  root: string,
  directory: string,
  isExecutable: boolean,
): OwnFiles | undefined {
  if (isExecutable) return { root, paths: [root], isProject: true };
  const isHeld = root === directory || directory === "/" || root.startsWith(`${directory}/`);
  if (isHeld) return undefined;
  return { root, paths: PACKAGE.map((part) => join(root, part)), isProject: false };
}
