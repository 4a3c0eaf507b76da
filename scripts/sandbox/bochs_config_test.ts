import { assert, assertEquals, assertThrows } from "@std/assert";
import { bochsConfig } from "./bochs_config.ts";
import type { BootImage } from "./machine.ts";

const IMAGE: BootImage = {
  kernel: "/k",
  initramfs: "/i",
  commandLine: "quiet",
  payload: "/cache/a payload",
  exchange: "/run/exchange",
  memoryMib: 512,
  processors: 2,
  directory: "/run",
};
const FILES = { bios: "/bios", vgaBios: "/vga" };

Deno.test("bochsConfig() has no network, and opens nothing on the host", () => {
  const text = bochsConfig(IMAGE, FILES);
  assert(!/ne2k|e1000|pcipnic|socket|gdbstub|rfb|usb_/.test(text), text);
});

Deno.test("bochsConfig() gives the machine its memory and its processors", () => {
  const text = bochsConfig(IMAGE, FILES);
  assert(/^megs: 512$/m.test(text), text);
  assert(/^cpu: .*\bcount=2\b/m.test(text), text);
});

Deno.test("bochsConfig() asks nobody a question", () => {
  assert(bochsConfig(IMAGE, FILES).includes("panic: action=fatal\n"));
});

Deno.test("bochsConfig() never writes to the payload, which other runs read", () => {
  const line = bochsConfig(IMAGE, FILES).split("\n").find((line) => line.includes("a payload"));
  assertEquals(
    line,
    'ata0-slave: type=disk, mode=volatile, path="/cache/a payload", journal="/run/payload.redolog"',
  );
});

Deno.test("bochsConfig() refuses a path that Bochs would read otherwise", () => {
  for (const payload of ['/a"b', "/$HOME/p", "/a\nb"]) {
    assertThrows(() => bochsConfig({ ...IMAGE, payload }, FILES), TypeError, "Cannot configure");
  }
});
