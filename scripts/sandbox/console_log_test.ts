import { assertEquals } from "@std/assert";
import { ConsoleLog } from "./console_log.ts";

function logOf(...pieces: readonly string[]): ConsoleLog {
  const log = new ConsoleLog();
  for (const piece of pieces) log.add(new TextEncoder().encode(piece));
  return log;
}

Deno.test("ConsoleLog puts lines together from pieces and leaves out control characters", () => {
  const log = logOf("\x1b[2J\x1b[1;1Hbo", "ot\r\n\r\n[  1.0] Li", "nux\r\nhalf");
  assertEquals(log.lastLines, ["boot", "[  1.0] Linux", "half"]);
});

Deno.test("ConsoleLog keeps the last lines only", () => {
  const log = logOf(Array.from({ length: 1000 }, (_, index) => `line ${index}\n`).join(""));
  assertEquals(log.lastLines.length, 25);
  assertEquals(log.lastLines.at(-1), "line 999");
});

Deno.test("ConsoleLog knows a panic and a failure of the first process, the first of each", () => {
  const log = logOf(
    "[ 1.0] Kernel panic - not syncing: Fatal exception\r\n[ 1.0] Kernel panic - not syncing: x\r\n",
    "trapline: 1.5 s: failed: no disk\r\n",
  );
  assertEquals(log.panic, "Fatal exception");
  assertEquals(log.failure, "no disk");
  assertEquals(logOf("all is well\n").panic, undefined);
});

Deno.test("ConsoleLog tells when the command is about to start", async () => {
  await logOf("noise trapline: 1.5 s: ready\r\n").ready;
});
