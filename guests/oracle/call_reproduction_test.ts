import { assertEquals, assertStringIncludes } from "@std/assert";
import { callDisagreementAsTest } from "./call_reproduction.ts";
import type { CallDisagreement } from "./call_search.ts";
import type { RawCall, RawSlot } from "./refusals.ts";

const SLOT: RawSlot = { flags: 1, nmsrs: 65, base: 0x174, place: "readable", seed: 0 };

function setFilter(...slots: readonly RawSlot[]): RawCall {
  return { name: "X86_SET_MSR_FILTER", flags: 0, slots };
}

function sourceOf(call: RawCall, more: Partial<CallDisagreement> = {}): string {
  const problem = "wanted success, got EINVAL";
  return callDisagreementAsTest({
    calls: [call],
    wanted: [undefined],
    problem,
    access: undefined,
    ...more,
  });
}

Deno.test("callDisagreementAsTest() writes each bitmap where it lay", () => {
  for (
    const [slot, bitmap] of [
      [SLOT, "new Uint8Array(16)"],
      [{ ...SLOT, place: "null" }, "0x0n"],
      [{ ...SLOT, place: "unmapped" }, "page.end"],
      [{ ...SLOT, place: "kernel" }, "0xfffffffffffff000n"],
      [{ ...SLOT, place: "cut" }, "page.end - 15n"],
      [{ ...SLOT, nmsrs: 0x3001 }, "page.address"],
    ] as const
  ) {
    const source = sourceOf(setFilter(slot));
    assertStringIncludes(source, `bitmap: ${bitmap} }`);
    assertEquals(source.includes("using page"), bitmap.startsWith("page"), bitmap);
    assertEquals(source.includes("  HostMemory,"), bitmap.startsWith("page"), bitmap);
  }
});

Deno.test("callDisagreementAsTest() wants of each call its errno", () => {
  const cap: RawCall = { name: "ENABLE_CAP", flags: 1, args: [4n] };
  const source = sourceOf(cap, { calls: [setFilter(), cap], wanted: [undefined, "EINVAL"] });
  assertStringIncludes(source, "flags: 0x1, args: [0x4n] })).errno, ERRNO.EINVAL);");
  assertStringIncludes(source, "}).bytes).errno, 0);");
  assertStringIncludes(source, "  CAP,\n  encodeRawEnableCap,\n  encodeRawMsrFilter,\n  ERRNO,\n");
});

Deno.test("callDisagreementAsTest() makes the access after the calls", () => {
  const source = sourceOf(setFilter(SLOT), {
    access: {
      trial: { filter: { flags: 0, ranges: [] }, reasons: [], forcedEmulation: false, seed: 1 },
      access: { kind: "read", index: 0x174 },
      wanted: "gp",
      got: "no exit, value 0x0",
    },
  });
  assertStringIncludes(source, "Session.boot(vm, guest.rdmsr(0x174));");
  assertStringIncludes(source, "assertGp(session, session.finish()");
  assertStringIncludes(source, "read of IA32_SYSENTER_CS (0x174) raises #GP after raw calls");
});
