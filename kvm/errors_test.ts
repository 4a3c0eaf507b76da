import { assert, assertEquals } from "@std/assert";
import {
  ClosedError,
  DeadlineError,
  ExitBudgetError,
  KvmError,
  MsrRefusedError,
} from "./errors.ts";

Deno.test("KvmError() names the ioctl and the errno", () => {
  const error = new KvmError("KVM_SET_SREGS", 22);
  assertEquals(error.message, "KVM_SET_SREGS failed: EINVAL (22)");
  assertEquals([error.ioctl, error.errno, error.errnoName], ["KVM_SET_SREGS", 22, "EINVAL"]);
  assertEquals(
    new KvmError("KVM_RUN", 7777, "why").message,
    "KVM_RUN failed: errno 7777 (7777): why",
  );
});

Deno.test("ClosedError() names the action and the object", () => {
  assertEquals(
    new ClosedError("call KVM_RUN", "vCPU").message,
    "Cannot call KVM_RUN: the vCPU is closed",
  );
});

Deno.test("MsrRefusedError() names the MSR and how far the kernel came", () => {
  const error = new MsrRefusedError("KVM_GET_MSRS", 0x174, 2, 5);
  assertEquals(
    error.message,
    "KVM_GET_MSRS refused MSR IA32_SYSENTER_CS (0x174): 2 of 5 entries were done",
  );
  assertEquals([error.ioctl, error.index, error.count], ["KVM_GET_MSRS", 0x174, 2]);
});

Deno.test("DeadlineError() and ExitBudgetError() say how long and where", () => {
  assertEquals(
    new DeadlineError(50, 0xc000n, "\nthere").message,
    "The guest was still running after 50 ms, at RIP 0xc000\nthere",
  );
  assertEquals(
    new ExitBudgetError(10, 0xc000n).message,
    "The guest used up its 10 exits without ending, at RIP 0xc000",
  );
});

Deno.test("every error carries the name of its class", () => {
  const errors = [
    new KvmError("KVM_RUN", 1),
    new ClosedError("call", "VM"),
    new MsrRefusedError("KVM_GET_MSRS", 0, 0, 1),
    new DeadlineError(1, 0n),
    new ExitBudgetError(1, 0n),
  ];
  for (const error of errors) {
    assert(error instanceof Error);
    assertEquals(error.name, error.constructor.name);
  }
});
