import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MAX_MSRS_PER_RANGE, MsrFilter, type MsrFilterSpec, type MsrRange } from "./msr_filter.ts";

function refuse(spec: unknown, errorClass: typeof RangeError | typeof TypeError): string {
  return assertThrows(() => new MsrFilter(spec as MsrFilterSpec), errorClass).message;
}

function refuseRange(range: object, errorClass: typeof RangeError | typeof TypeError): string {
  const good = { base: 0, count: 1, deny: "read" };
  return refuse({ default: "allow", ranges: [good, { base: 0, count: 1, ...range }] }, errorClass);
}

Deno.test("MsrFilter() refuses a default that is neither word", () => {
  assertStringIncludes(refuse({ default: "block" }, TypeError), '"block", not "allow" or "deny"');
  assertStringIncludes(refuse({}, TypeError), '"undefined"');
});

Deno.test("MsrFilter() takes 16 ranges and refuses 17", () => {
  const ranges = Array.from({ length: 17 }, (_, base): MsrRange => ({
    base,
    count: 1,
    deny: "read",
  }));
  new MsrFilter({ default: "deny", ranges: ranges.slice(1) });
  assertStringIncludes(refuse({ default: "allow", ranges }, RangeError), "17 ranges");
});

Deno.test("MsrFilter() refuses to deny by default without a range, as the kernel would", () => {
  assertStringIncludes(refuse({ default: "deny" }, RangeError), "MsrFilter.DENY_ALL");
  assertStringIncludes(refuse({ default: "deny", ranges: [] }, RangeError), "needs a range");
});

Deno.test("MsrFilter() names the slot of a range that it refuses", () => {
  assertStringIncludes(refuseRange({ count: 0, deny: "read" }, RangeError), "range 1 is empty");
});

Deno.test("MsrFilter() refuses a base that is no 32-bit index", () => {
  for (const base of [-1, 2 ** 32, 0.5, NaN]) {
    const message = refuseRange({ base, deny: "read" }, RangeError);
    assertStringIncludes(message, `starts at ${base}, which is no 32-bit MSR index`);
  }
});

Deno.test("MsrFilter() takes 0x3000 MSRs in a range and no more", () => {
  assertEquals(MAX_MSRS_PER_RANGE, 0x3000);
  new MsrFilter({ default: "allow", ranges: [{ base: 0, count: 0x3000, deny: "read" }] });
  assertStringIncludes(refuseRange({ count: 0x3001, deny: "read" }, RangeError), "at most 12288");
  for (const count of [-1, 1.5, NaN]) {
    assertStringIncludes(refuseRange({ count, deny: "read" }, RangeError), `has ${count} MSRs`);
  }
});

Deno.test("MsrFilter() refuses a range that reaches 2^32, which never matches", () => {
  new MsrFilter({ default: "allow", ranges: [{ base: 0xffff_fffe, count: 1, deny: "read" }] });
  for (const [base, count] of [[0xffff_ffff, 1], [0xffff_fffe, 2], [0xffff_f000, 0x3000]]) {
    const message = refuseRange({ base, count, deny: "read" }, RangeError);
    assertStringIncludes(message, "ends at 2^32 or past it");
  }
});

Deno.test("MsrFilter() wants exactly one of deny, allow and a bitmap", () => {
  const bitmap = new Uint8Array(8);
  for (
    const range of [
      {},
      { access: "read" },
      { deny: "read", allow: "write" },
      { deny: "read", access: "read", bitmap },
    ]
  ) {
    assertStringIncludes(refuseRange(range, TypeError), 'one of "deny", "allow" and "bitmap"');
  }
});

Deno.test("MsrFilter() refuses an access that is none of the words", () => {
  assertStringIncludes(refuseRange({ deny: "execute" }, TypeError), 'governs "execute"');
  assertStringIncludes(
    refuseRange({ bitmap: new Uint8Array(8) }, TypeError),
    'governs "undefined"',
  );
});

Deno.test("MsrFilter() takes a bitmap in exact bytes or in whole words, and no other", () => {
  const lengths = Array.from({ length: 18 }, (_, length) => length).filter((length) => {
    try {
      new MsrFilter({
        default: "allow",
        ranges: [{ base: 0, count: 70, access: "read", bitmap: new Uint8Array(length) }],
      });
      return true;
    } catch (error) {
      assertStringIncludes(String(error), "70 MSRs take 9, or 16 in whole words");
      return false;
    }
  });
  assertEquals(lengths, [9, 16]);
});

Deno.test("MsrFilter() does not see a bitmap change after it was built", () => {
  const bitmap = new Uint8Array(8);
  const filter = new MsrFilter({
    default: "allow",
    ranges: [{ base: 0x10, count: 2, access: "write", bitmap }],
  });
  bitmap[0] = 1;
  assertEquals(filter.toString(), "default allow; deny write 0x10..0x11");
});

Deno.test("toString() says in one line what the filter does", () => {
  const filter = new MsrFilter({
    default: "deny",
    ranges: [
      { base: 0x174, count: 1, deny: "read" },
      { base: 0xc000_0080, count: 5, allow: "read-write" },
      { base: 0, count: 64, access: "write", bitmap: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0) },
    ],
  });
  assertEquals(
    filter.toString(),
    "default deny; deny read IA32_SYSENTER_CS (0x174); " +
      "allow read+write 0xc0000080..0xc0000084; bitmap (3 of 64 allowed) write 0x0..0x3f",
  );
  assertEquals(`${MsrFilter.ALLOW_ALL}`, "default allow");
});

Deno.test("toString() does not count the bits past the end of a range", () => {
  const filter = new MsrFilter({
    default: "allow",
    ranges: [{ base: 1, count: 2, access: "read", bitmap: Uint8Array.of(0xfc) }],
  });
  assertEquals(filter.toString(), "default allow; deny read 0x1..0x2");
});
