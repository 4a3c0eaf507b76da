/**
 * Runs the examples in the docs and in the README.
 *
 * @module
 */
import { Kvm, KvmUnavailableError } from "../../mod.ts";
import { launch } from "../launch.ts";

function kvmIsUsable(): boolean {
  try {
    Kvm.open().close();
    return true;
  } catch (error) {
    if (error instanceof KvmUnavailableError) return false;
    throw error;
  }
}

function* sources(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (path.endsWith(".ts") && !path.endsWith("_test.ts")) yield path;
  }
}

/** The files that have examples, without those that this host cannot run. */
export function filesWithExamples(withKvm: boolean): string[] {
  return ["README.md", "mod.ts", ...sources("kvm"), ...sources("guests")].filter((path) => {
    const text = Deno.readTextFileSync(path);
    return text.includes("```ts\n") && (withKvm || !text.includes("Kvm.open("));
  });
}

if (import.meta.main) {
  const withKvm = kvmIsUsable();
  if (!withKvm) console.error("No usable KVM: only the examples that need none are run");
  // Deno's injected imports trip noUnusedLocals, so the examples are run but not type-checked.
  const options = ["--quiet", "--doc", "--no-check", "--allow-ffi", "--allow-read"];
  Deno.exit(await launch(["test", ...options, ...filesWithExamples(withKvm)]));
}
