import { assertEquals, assertThrows } from "@std/assert";
import { ioctlRequest, kvmIoctl } from "./ioctl.ts";

Deno.test("ioctlRequest() puts number, type, size and direction in their bits", () => {
  assertEquals(ioctlRequest("none", 0, 0x7f, 0), 0x0000007f);
  assertEquals(ioctlRequest("none", 0xae, 0, 0), 0x0000ae00);
  assertEquals(ioctlRequest("none", 0, 0, 0x123), 0x01230000);
  assertEquals(ioctlRequest("write", 0, 0, 0), 0x40000000);
});

Deno.test("ioctlRequest() stays positive when the kernel writes the argument", () => {
  assertEquals(ioctlRequest("read", 0, 0, 0), 0x80000000);
  assertEquals(ioctlRequest("both", 0, 0, 0), 0xc0000000);
});

Deno.test("ioctlRequest() gives the numbers of ioctls outside KVM", () => {
  assertEquals(ioctlRequest("read", 0x54, 0x30, 4), 0x80045430); // TIOCGPTN
  assertEquals(ioctlRequest("write", 0x54, 0xca, 4), 0x400454ca); // TUNSETIFF
  assertEquals(ioctlRequest("both", 0x58, 0x77, 4), 0xc0045877); // FIFREEZE
});

Deno.test("ioctlRequest() refuses a size of more than 14 bits", () => {
  assertEquals(ioctlRequest("none", 0, 0, 0x3fff), 0x3fff0000);
  assertThrows(() => ioctlRequest("none", 0, 0, 0x4000), RangeError, "16384 bytes");
  assertThrows(() => ioctlRequest("none", 0, 0, -1), RangeError, "-1 bytes");
});

Deno.test("kvmIoctl() takes the size from the structure and the type from KVM", () => {
  assertEquals(kvmIoctl("KVM_SET_MP_STATE", 0x99, ["vcpu"], "write", { size: 4 }), {
    name: "KVM_SET_MP_STATE",
    request: 0x4004ae99,
    on: ["vcpu"],
    size: 4,
  });
});

Deno.test("kvmIoctl() takes no argument unless told", () => {
  assertEquals(kvmIoctl("KVM_RUN", 0x80, ["vcpu"]), {
    name: "KVM_RUN",
    request: 0xae80,
    on: ["vcpu"],
    size: 0,
  });
});
