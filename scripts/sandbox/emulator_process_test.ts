import { assertEquals } from "@std/assert";
import { killerOf, withParent } from "./emulator_process.ts";

const COMMAND = { program: "/root/usr/bin/b", args: ["-q"], env: {} };

Deno.test("withParent() still runs the program, with its arguments at the end", async () => {
  const { program, args } = await withParent(COMMAND);
  assertEquals([program, ...args].slice(-2), [COMMAND.program, "-q"]);
});

function sleeper(): Deno.ChildProcess {
  return new Deno.Command("sleep", { args: ["1000"] }).spawn();
}

Deno.test("killerOf() ends the process, and is harmless once it has ended", async () => {
  const child = sleeper();
  const kill = killerOf(child, new AbortController().signal);
  kill();
  assertEquals((await child.status).signal, "SIGKILL");
  kill();
});

Deno.test("killerOf() ends the process when the signal aborts, later or already", async () => {
  const abort = new AbortController();
  const early = sleeper();
  killerOf(early, abort.signal);
  abort.abort();
  assertEquals((await early.status).signal, "SIGKILL");
  const late = sleeper();
  killerOf(late, abort.signal);
  assertEquals((await late.status).signal, "SIGKILL");
});
