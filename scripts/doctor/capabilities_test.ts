import { assert, assertEquals } from "@std/assert";
import { CAP } from "@trapline/trapline";
import { capabilityFindings, checkCapabilities } from "./capabilities.ts";

const none = checkCapabilities({ checkExtension: () => 0 });

Deno.test("checkCapabilities() keeps the value that KVM gave, under its name and number", () => {
  const sync = checkCapabilities({ checkExtension: (cap) => cap === "SYNC_REGS" ? 7 : 1 })
    .find(({ name }) => name === "SYNC_REGS");
  assertEquals([sync?.number, sync?.value], [CAP.SYNC_REGS, 7]);
});

Deno.test("capabilityFindings() tells what stops guests from what limits tests", () => {
  const stopping = capabilityFindings(none, false).filter(({ severity }) => severity === "stops");
  assertEquals(stopping.length, none.filter(({ needed }) => needed).length);
  assert(stopping.some(({ what }) => what.startsWith("KVM_CAP_X86_MSR_FILTER is missing")));
});

Deno.test("capabilityFindings() believes guests that run over a missing capability", () => {
  assert(capabilityFindings(none, true).every(({ severity }) => severity === "limits"));
});

Deno.test("capabilityFindings() has a remedy for each", () => {
  assertEquals(capabilityFindings(none, false).length, none.length);
  assert(capabilityFindings(none, false).every(({ remedy }) => remedy.startsWith("Boot Linux")));
});
