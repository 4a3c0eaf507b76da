/**
 * Which of the repository's tests need a KVM: on a machine without one, the
 * others need not wait for an emulated processor.
 *
 * @module
 */
import { join } from "node:path";
import { ROOT } from "./program.ts";
import { writeWhole } from "./write_file.ts";

const ROOMS = ["guests", "kvm", "scripts", "tests"];

/** What the files import whose tests are given a KVM. */
const GIVES_KVM = /\bfrom "[./a-z]*\/(?:kvm_testing|clause)\.ts"/;

/** Paths of test files, from the repository's root. */
export interface TestFiles {
  /** Those with tests that are given a KVM. */
  readonly withKvm: readonly string[];
  /** All others. */
  readonly withoutKvm: readonly string[];
}

function filesBelow(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return filesBelow(path);
    return name.endsWith("_test.ts") ? [path] : [];
  });
}

/** The repository's test files, in order. */
export function testFiles(): TestFiles {
  const all = ROOMS.flatMap(filesBelow).toSorted();
  const needsKvm = (path: string): boolean =>
    GIVES_KVM.test(Deno.readTextFileSync(join(ROOT, path)));
  const { withKvm = [], withoutKvm = [] } = Object.groupBy(
    all,
    (path) => needsKvm(path) ? "withKvm" : "withoutKvm",
  );
  return { withKvm, withoutKvm };
}

/**
 * Calls `body` with a test file in `build/` that is all of `files`, as one
 * module: an emulated processor takes seconds to load the assembler, once for
 * each module.
 */
export async function withOneFile<T>(
  files: readonly string[],
  body: (path: string) => Promise<T>,
): Promise<T> {
  await Deno.mkdir(join(ROOT, "build"), { recursive: true });
  // A name that no other run of the tests takes for a test, should it be left behind.
  const path = `build/kvm-tests-${Deno.pid}.ts`;
  await writeWhole(join(ROOT, path), files.map((file) => `import "../${file}";\n`).join(""));
  try {
    return await body(path);
  } finally {
    await Deno.remove(join(ROOT, path));
  }
}
