/**
 * The README's project of one's own, made as it stands and run by its commands.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { join, relative } from "node:path";
import { ROOT } from "./program.ts";

/** The README's section on a project of one's own. */
export function section(): string {
  const readme = Deno.readTextFileSync(join(ROOT, "README.md"));
  return /\n## A project of your own\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? "";
}

/** Its blocks of code with that fence. */
function blocks(fence: string): string[] {
  return [...section().matchAll(new RegExp(`\\n\`\`\`${fence}\\n([\\s\\S]*?)\`\`\``, "g"))]
    .map(([, text]) => text!);
}

/** Makes the project in a folder outside of the repository, as the README has it. */
function makeProject(): string {
  const folder = Deno.makeTempDirSync({ prefix: "trapline-project-" });
  const [config, ...noConfigs] = blocks("json");
  const [test, ...noTests] = blocks("ts ignore");
  assertEquals([noConfigs, noTests], [[], []]);
  const here = config!
    .replace("jsr:@std/assert@^1", "../trapline/tests/support/std_assert.ts")
    .replaceAll("../trapline", relative(folder, ROOT));
  Deno.writeTextFileSync(join(folder, "deno.json"), here);
  Deno.writeTextFileSync(join(folder, "msr_test.ts"), test!);
  return folder;
}

const COMMANDS = blocks("sh").join("").trim().split("\n");

/** Runs one of the README's commands in the project; the last line of Deno's report must be good. */
export async function assertPasses(command: string): Promise<void> {
  const folder = makeProject();
  try {
    const { stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", command],
      cwd: folder,
      env: { NO_COLOR: "1", PATH: `${join(Deno.execPath(), "..")}:${Deno.env.get("PATH")}` },
      stdin: "null",
    }).output();
    const [out, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const summary = /^(?:ok|FAILED) \| .*?(?= \(|$)/m.exec(out!)?.[0];
    assertEquals(summary, "ok | 3 passed | 0 failed", `${command}\n${out}\n${complaint}`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The README's command that runs the project's tests there. */
export function commandFor(place: "host" | "amd" | "intel"): string {
  const found = COMMANDS.find((command) =>
    place === "host"
      ? !command.includes("sandbox")
      : command.includes("sandbox") && command.includes("intel") === (place === "intel")
  );
  if (found === undefined) throw new Error(`Cannot find the README's command for ${place}`);
  return found;
}
