import { assertEquals } from "@std/assert";
import { formsOf } from "./forms.ts";
import { tableMnemonic } from "./mnemonic.ts";

Deno.test("tableMnemonic() knows the synonyms of condition codes", () => {
  assertEquals(tableMnemonic("jz", 64).name, "je");
  assertEquals(tableMnemonic("setnc", 64).name, "setae");
  assertEquals(tableMnemonic("cmovpo", 64).name, "cmovnp");
  assertEquals(tableMnemonic("jmp", 64).name, "jmp");
});

Deno.test("tableMnemonic() leads to the table for every synonym of a condition", () => {
  for (const condition of ["c", "na", "nae", "nb", "nbe", "nc", "ng", "nge", "nl", "nle", "nz"]) {
    for (const stem of ["j", "set", "cmov"]) {
      const { name } = tableMnemonic(stem + condition, 64);
      assertEquals(formsOf(name).length > 0, true, name);
    }
  }
});

Deno.test("tableMnemonic() takes a mnemonic without a size for that of the mode", () => {
  assertEquals(tableMnemonic("iret", 16).name, "iret");
  assertEquals(tableMnemonic("iret", 32).name, "iretd");
  assertEquals(tableMnemonic("pushf", 64).name, "pushfq");
  assertEquals(tableMnemonic("pusha", 32).name, "pushad");
});

Deno.test("tableMnemonic() keeps a size that the table does not name", () => {
  assertEquals(tableMnemonic("retfq", 64), { name: "retf", operandSize: 64 });
  assertEquals(tableMnemonic("iretw", 64), { name: "iret", operandSize: 16 });
});
