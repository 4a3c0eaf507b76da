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
  assertEquals(failureOf("QEMU", { code: 0 }, panic, "/tmp").kind, "panic");
  assertEquals(failureOf("QEMU", { code: 0 }, logOf(""), "/tmp").kind, "reset");
  assertEquals(failureOf("QEMU", { code: 137 }, logOf(""), "/tmp").kind, "emulator");
  assertEquals(failureOf("QEMU", { code: 1, reason: "x" }, logOf(""), "/tmp").kind, "emulator");
  assertEquals(
    failureOf("QEMU", { code: 0 }, logOf("trapline: 1.5 s: failed: x\n"), "/tmp").kind,
    "guest",
  );
});

Deno.test("failureOf() says where there may be no room when a write was lost", () => {
  const log = logOf("[ 1.0] I/O error, dev vdb, sector 8 op 0x1:(WRITE) flags 0x0\n");
  const { kind, message } = failureOf("QEMU", { code: 0 }, log, "/tmp/run");
  assertEquals(kind, "disk");
  assert(message.includes("no room left in /tmp/run: I/O error, dev vdb"), message);
});

Deno.test("failureOf() carries the emulator's complaint and the console's last lines", () => {
  const { message } = failureOf(
    "QEMU",
    { code: 1, reason: "no such file" },
    logOf("hello\n"),
    "/tmp",
  );
  assert(message.startsWith("QEMU ended with status 1: no such file"), message);
  assert(message.endsWith("\n  | hello"), message);
});
