import { assertEquals } from "@std/assert";
import { KvmError, SystemError } from "../mod.ts";
import { limitText } from "./limits.ts";

const REMEDY = "Raise the limit of open files (ulimit -n), or close some";

Deno.test("limitText() adds to an error of Deno what to do about the limit", () => {
  const error = Object.assign(new Error("Too many open files"), { code: "EMFILE" });
  assertEquals(limitText(error), `Too many open files. ${REMEDY}`);
});

Deno.test("limitText() takes the remedy that our own errors have", () => {
  const refused = new KvmError("KVM_CREATE_VM", 24);
  assertEquals(limitText(refused), `KVM_CREATE_VM failed: EMFILE (24). ${REMEDY}`);
  assertEquals(limitText(new SystemError("open", 24)), `open failed: EMFILE (24). ${REMEDY}`);
});

Deno.test("limitText() knows nothing of other errors", () => {
  const others = [
    new KvmError("KVM_CREATE_VM", 22),
    Object.assign(new Error("There"), { code: "EEXIST" }),
    new Error("EMFILE"),
    "EMFILE",
  ];
  assertEquals(others.map(limitText), [undefined, undefined, undefined, undefined]);
});
