/**
 * Tests between which `/dev/kvm` loses its permission, becomes another device,
 * goes, and comes back. They are for a process with mounts of its own, and
 * three of them fail: `tests/faults/lost_device_test.ts` runs them and looks at how.
 *
 * @module
 */
import { asm64, Kvm, Session } from "@trapline/trapline";

function mount(...args: readonly string[]): void {
  const [program, ...rest] = args;
  const { success, stderr } = new Deno.Command(program!, { args: rest }).outputSync();
  if (!success) throw new Error(`Cannot mount: ${new TextDecoder().decode(stderr)}`);
}

function runGuest(): void {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  Session.boot(vm, asm64`jmp finish`).finish();
}

const FOLDER = Deno.makeTempDirSync({ prefix: "trapline-device-" });
globalThis.addEventListener("unload", () => Deno.removeSync(FOLDER));

/** How the device is changed, and put back; nothing to do where it stays. */
const STATES: Readonly<Record<string, readonly [before: string[], after: string[]]>> = {
  "there": [["true"], ["true"]],
  "not permitted": [
    ["sh", "-c", "mount --bind /dev/kvm /dev/kvm && mount -o remount,bind,nodev /dev/kvm"],
    ["umount", "/dev/kvm"],
  ],
  "another device": [["mount", "--bind", "/dev/null", "/dev/kvm"], ["umount", "/dev/kvm"]],
  // With the null device, which every process needs that is started.
  "gone": [
    [
      "sh",
      "-c",
      'mount -t tmpfs tmpfs "$0" && touch "$0/null" && mount --bind /dev/null "$0/null" && ' +
      'mount --move "$0" /dev',
      FOLDER,
    ],
    ["umount", "-l", "/dev"],
  ],
  "there again": [["true"], ["true"]],
};

// A VM that is there already has no more need of the device.
using kvm = Kvm.open();
const vm = kvm.createVm();
const session = Session.boot(vm, asm64`jmp finish`);

for (const [state, [before, after]] of Object.entries(STATES)) {
  Deno.test(`the device is ${state}`, () => {
    mount(...before);
    try {
      session.restart();
      session.finish();
      runGuest();
    } finally {
      mount(...after);
    }
  });
}
