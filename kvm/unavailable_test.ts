import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { ERRNO } from "./abi/errno.ts";
import { KvmUnavailableError } from "./errors.ts";
import { Kvm } from "./kvm.ts";
import { readDirectory } from "./sys/proc.ts";
import { apiVersionError, notKvmError, openError } from "./unavailable.ts";

Deno.test("openError() tells a device that is not there, and how it comes", () => {
  for (const errno of [ERRNO.ENOENT, ERRNO.ENODEV, ERRNO.ENXIO]) {
    const error = openError("/dev/kvm", errno);
    assertEquals(error.reason, "missing");
    assertStringIncludes(error.message, 'Cannot open "/dev/kvm": there is no such device (E');
    assertMatch(error.remedy, /modprobe kvm_intel.*firmware.*nested virtualisation.*--device/);
  }
});

Deno.test("openError() tells a device that this user may not open, and who may", () => {
  for (const errno of [ERRNO.EACCES, ERRNO.EPERM]) {
    const error = openError("/dev/kvm", errno);
    assertEquals(error.reason, "not-permitted");
    assertStringIncludes(error.message, "this user may not (E");
    assertMatch(error.remedy, /usermod -aG kvm .*udev rule/);
  }
});

Deno.test("openError() tells a directory from a device", () => {
  const error = openError("/dev", ERRNO.EISDIR);
  assertEquals(error.reason, "not-kvm");
  assertStringIncludes(error.message, 'Cannot use "/dev": it is a directory, not a KVM device');
});

Deno.test("openError() keeps the errno of every other failure", () => {
  const error = openError("/dev/kvm", ERRNO.EIO);
  assertEquals(error.reason, "failed");
  assertStringIncludes(error.message, "EIO (5)");
  assertStringIncludes(error.remedy, "dmesg");
});

Deno.test("openError() names the limit when there are too many open files", () => {
  assertStringIncludes(openError("/dev/kvm", ERRNO.EMFILE).remedy, "ulimit -n");
  assertStringIncludes(openError("/dev/kvm", ERRNO.ENFILE).remedy, "fs.file-max");
});

Deno.test("notKvmError() and apiVersionError() say what was got and what is wanted", () => {
  const other = notKvmError("/dev/null", "KVM_GET_API_VERSION gave ENOTTY");
  assertEquals(other.reason, "not-kvm");
  assertStringIncludes(other.remedy, "/dev/kvm");
  const version = apiVersionError("/dev/kvm", 11);
  assertEquals(version.reason, "api-version");
  assertStringIncludes(version.message, "its API version is 11, not 12");
});

Deno.test("KvmUnavailableError() ends its message with the remedy", () => {
  const error = new KvmUnavailableError("failed", "Cannot open it", "Try again");
  assertEquals(error.message, "Cannot open it. Try again");
});

Deno.test("Kvm.open() refuses what is not there", () => {
  const error = assertThrows(() => Kvm.open("/dev/no-such-kvm"), KvmUnavailableError);
  assertEquals(error.reason, "missing");
  assertStringIncludes(error.message, '"/dev/no-such-kvm"');
});

Deno.test("Kvm.open() refuses a device that is not KVM, and closes it", () => {
  const before = readDirectory("/proc/self/fd").length;
  const error = assertThrows(() => Kvm.open("/dev/null"), KvmUnavailableError);
  assertEquals(error.reason, "not-kvm");
  assertStringIncludes(error.message, "KVM_GET_API_VERSION gave ENOTTY");
  assertEquals(readDirectory("/proc/self/fd").length, before);
});

Deno.test("Kvm.open() refuses a directory", () => {
  const error = assertThrows(() => Kvm.open("/dev"), KvmUnavailableError);
  assertEquals(error.reason, "not-kvm");
  assert(!error.message.includes("dmesg"));
});
