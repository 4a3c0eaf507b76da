import { assertEquals } from "@std/assert";
import { ERRNO } from "../abi/errno.ts";
import { refusalText, remedyFor } from "./remedy.ts";

Deno.test("remedyFor() knows the limits, and nothing of what depends on the call", () => {
  for (const name of ["EMFILE", "ENFILE", "ENOMEM"] as const) {
    assertEquals(remedyFor(ERRNO[name])?.includes("aise"), true, name);
  }
  assertEquals(remedyFor(ERRNO.EINVAL), undefined);
});

Deno.test("refusalText() ends in the remedy where there is one", () => {
  assertEquals(refusalText("mmap", "EINVAL", 22, ""), "mmap failed: EINVAL (22)");
  assertEquals(
    refusalText("KVM_CREATE_VM", "EMFILE", 24, "why"),
    "KVM_CREATE_VM failed: EMFILE (24): why. " +
      "Raise the limit of open files (ulimit -n), or close some",
  );
});
