import { assert, assertEquals } from "@std/assert";
import { ConsoleLog } from "./console_log.ts";
import { failureOf } from "./failure.ts";

function logOf(text: string): ConsoleLog {
  const log = new ConsoleLog();
  log.add(new TextEncoder().encode(text));
  return log;
}

Deno.test("failureOf() tells a panic from a reset from a killed emulator", () => {
  const panic = logOf("Kernel panic - not syncing: Attempted to kill init!\n");
  assertEquals(failureOf("QEMU", { code: 0 }, panic).kind, "panic");
  assertEquals(failureOf("QEMU", { code: 0 }, logOf("")).kind, "reset");
  assertEquals(failureOf("QEMU", { code: 137 }, logOf("")).kind, "emulator");
  assertEquals(failureOf("QEMU", { code: 1, reason: "x" }, logOf("")).kind, "emulator");
  assertEquals(failureOf("QEMU", { code: 0 }, logOf("trapline: 1.5 s: failed: x\n")).kind, "guest");
});

Deno.test("failureOf() carries the emulator's complaint and the console's last lines", () => {
  const { message } = failureOf("QEMU", { code: 1, reason: "no such file" }, logOf("hello\n"));
  assert(message.startsWith("QEMU ended with status 1: no such file"), message);
  assert(message.endsWith("\n  | hello"), message);
});
