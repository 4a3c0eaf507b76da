import { assert, assertEquals } from "@std/assert";
import type { BootImage } from "./machine.ts";
import { isRecentEnough, qemuArguments } from "./qemu.ts";

const IMAGE: BootImage = {
  kernel: "/k",
  initramfs: "/i",
  commandLine: "quiet a=b",
  payload: "/p,1",
  exchange: "/e",
  memoryMib: 512,
  processors: 2,
  directory: "/run",
};

Deno.test("isRecentEnough() reads the version that QEMU prints", () => {
  for (
    const [version, forOne, forTwo] of [
      ["QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)", true, false],
      ["QEMU emulator version 8.2.2 (Debian 1:8.2.2+ds-0ubuntu1)", true, true],
      ["QEMU emulator version 10.0.2", true, true],
      ["QEMU emulator version 5.2.0", false, false],
      ["something else", false, false],
    ] as const
  ) assertEquals([1, 2].map((count) => isRecentEnough(version, count)), [forOne, forTwo], version);
});

Deno.test("qemuArguments() give the guest no network, and open nothing on the host", () => {
  const args = qemuArguments(IMAGE, { root: "/", program: (name) => name, env: {} });
  assert(args.includes("-nodefaults"));
  assert(args.every((arg) => !/netdev|socket|vnc|-nic|-monitor|-qmp/.test(arg)), args.join(" "));
});

Deno.test("qemuArguments() give the machine its memory and its processors", () => {
  const args = qemuArguments(IMAGE, { root: "/", program: (name) => name, env: {} });
  const after = (option: string): string | undefined => args[args.indexOf(option) + 1];
  assertEquals([after("-m"), after("-smp")], ["512M", "2"]);
});

Deno.test("qemuArguments() keep a comma in a path from ending it", () => {
  const args = qemuArguments(IMAGE, { root: "/", program: (name) => name, env: {} });
  assertEquals(args.filter((arg) => arg.endsWith("file=/p,,1")).length, 1);
});
