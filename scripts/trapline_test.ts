import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { asCalled, ROOT } from "./program.ts";
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
  const wanted = ["doctor", "demo", "test", "verify", "fuzz", "race", "sweep", "sandbox", "matrix"];
  for (const name of wanted) assert(commands.has(name));
  for (const name of ["check", "ok", "compile", "bench"]) assert(!commands.has(name));
  for (const each of commands.values()) assertEquals(denoArgumentsOf(each, "/")[0], "run");
  assertMatch(usageOf(commands), /^ {2}verify +Decide the clauses/m);
});

Deno.test("trapline.ts runs a command from any directory, with its status", async () => {
  const [code, stdout] = await trapline("doctor", "--nope");
  assertEquals([code, stdout], [2, ""]);
  const [ok, usage] = await trapline("doctor", "--help");
  assertEquals(ok, 0);
  assertMatch(usage, /^Usage: deno task doctor/);
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

Deno.test("no task may reach the network, and few may read all variables", () => {
  const all = Object.entries<Task>(tasks);
  const flags = ({ command }: Task): string[] => command.match(/--allow-[\w-]+(?==|\s)/g) ?? [];
  const known = ["--allow-env", "--allow-ffi", "--allow-read", "--allow-run", "--allow-write"];
  // Without this one deno publish refuses a change that is not committed yet.
  const wanted = new Set([...known, "--allow-dirty"]);
  for (const [name, task] of all) {
    assertEquals(flags(task).filter((flag) => !wanted.has(flag)), [], name);
    assert(!/\s(-A|--allow-all)\s/.test(task.command), name);
  }
  // These may have to make a sandbox, whose command sees the caller's variables.
  assertEquals(
    all.filter(([, { command }]) => /--allow-env(?!=)/.test(command)).map(([name]) => name),
    ["test", "verify", "fuzz", "race", "sweep", "sandbox"],
  );
});

Deno.test("asCalled() says what the executable's user types", () => {
  const usage = "Usage: deno task verify\n       deno task sweep diff";
  assertEquals(asCalled(usage, true), "Usage: trapline verify\n       trapline sweep diff");
  assertEquals(asCalled(usage, false), usage);
});
