import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ROOT } from "./program.ts";
import { commandsOf, denoArgumentsOf, type Task, usageOf } from "./trapline.ts";

const { tasks, version } = JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`));

function task(command: string): Task {
  return { description: "", command };
}

async function trapline(...args: readonly string[]): Promise<[number, string, string]> {
  const folder = await Deno.makeTempDir({ prefix: "trapline-elsewhere-" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-read",
        "--allow-run",
        `${ROOT}/scripts/trapline.ts`,
        ...args,
      ],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    return [code, decode(stdout), decode(stderr)];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("denoArgumentsOf() finds the task's scripts from the root, those of a launcher too", () => {
  const command = "deno run --allow-read scripts/launch.ts run --allow-ffi scripts/clauses.ts";
  assertEquals(
    denoArgumentsOf(task(command), "/program"),
    "run --allow-read /program/scripts/launch.ts run --allow-ffi /program/scripts/clauses.ts"
      .split(" "),
  );
});

Deno.test("denoArgumentsOf() refuses what is more than one call of deno", () => {
  assertThrows(() => denoArgumentsOf(task("deno fmt && deno lint"), "/"), SyntaxError, "one call");
  assertThrows(() => denoArgumentsOf(task("make"), "/"), SyntaxError, "one call");
});

Deno.test("commandsOf() gives every task that a user of the executable has a use for", () => {
  const commands = commandsOf(tasks);
  for (const name of ["doctor", "demo", "test", "verify", "fuzz", "sweep", "sandbox", "matrix"]) {
    assert(commands.has(name));
  }
  for (const name of ["check", "ok", "compile", "bench"]) assert(!commands.has(name));
  for (const each of commands.values()) assertEquals(denoArgumentsOf(each, "/")[0], "run");
  assertMatch(usageOf(commands), /^ {2}verify +Decide the clauses/m);
});

Deno.test("trapline.ts runs a command from any directory, with its status", async () => {
  const [code, stdout] = await trapline("doctor", "--nope");
  assertEquals([code, stdout], [2, ""]);
  const [ok, clauses] = await trapline("clauses");
  assertEquals(ok, 0);
  assertMatch(clauses, /F-05/);
});

Deno.test("trapline.ts says its commands and its version, and refuses others", async () => {
  const [code, stdout] = await trapline();
  assertEquals(code, 0);
  assertMatch(stdout, /^Usage: trapline COMMAND/m);
  assertEquals(await trapline("--version"), [
    0,
    `trapline ${version}, deno ${Deno.version.deno}\n`,
    "",
  ]);
  const [misuse, nothing, stderr] = await trapline("check");
  assertEquals([misuse, nothing], [2, ""]);
  assertMatch(stderr, /^Cannot run "check": no such command/);
});
