import { assertEquals } from "@std/assert";
import { endOf } from "./bochs_log.ts";

Deno.test("endOf() takes a machine that was turned off for a good end", () => {
  assertEquals(endOf(1, "p[ACPI  ] >>PANIC<< ACPI control: soft power off\n"), { code: 0 });
});

Deno.test("endOf() says why the emulated processor stopped", () => {
  const line = "CPU0  ] >>PANIC<< exception(): 3rd (13) exception with no resolution";
  assertEquals(endOf(1, `p[${line}\n`), {
    code: 0,
    reason: "CPU0: exception(): 3rd (13) exception with no resolution",
  });
});

Deno.test("endOf() says what Bochs could not do", () => {
  assertEquals(endOf(1, "i[HD    ] x\np[IMG   ] >>PANIC<< image locked: 'a'\n"), {
    code: 1,
    reason: "IMG: image locked: 'a'",
  });
});

Deno.test("endOf() keeps the status of a Bochs that was killed, or said nothing", () => {
  assertEquals(endOf(137, ""), { code: 137 });
  assertEquals(endOf(1, ""), { code: 1 });
});
