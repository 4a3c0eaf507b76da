import { assert, assertEquals } from "@std/assert";
import fc, { type Arbitrary } from "fast-check";
import { MsrFilter, type MsrFilterSpec, type MsrRange } from "../../kvm/msr_filter.ts";
import { filterAllows } from "./model.ts";
import { EDGE_INDICES } from "./probes.ts";
import { specAllows } from "./spec_model.ts";

const KIND = fc.constantFrom("read" as const, "write" as const, "read-write" as const);

function spans(): Arbitrary<{ base: number; count: number }> {
  const bases = fc.oneof(
    fc.constantFrom(...EDGE_INDICES),
    fc.integer({ min: 0, max: 0x400 }),
    fc.integer({ min: 0, max: 0xffff_ffff }),
  );
  const counts = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(0x2fff, 0x3000));
  return fc.record({ base: bases, count: counts })
    .filter(({ base, count }) => base + count < 2 ** 32);
}

function ranges(): Arbitrary<MsrRange> {
  return spans().chain((span) =>
    fc.oneof<Arbitrary<MsrRange>[]>(
      KIND.map((deny) => ({ ...span, deny })),
      KIND.map((allow) => ({ ...span, allow })),
      fc.record({
        access: KIND,
        bitmap: fc.uint8Array({
          minLength: Math.ceil(span.count / 8),
          maxLength: Math.ceil(span.count / 8),
        }),
      }).map((more) => ({ ...span, ...more })),
    )
  );
}

function specs(): Arbitrary<MsrFilterSpec> {
  return fc.record({
    default: fc.constantFrom("allow" as const, "deny" as const),
    ranges: fc.array(ranges(), { minLength: 1, maxLength: 16 }),
  });
}

/** In and around each range, and at every edge. */
function indicesOf({ ranges = [] }: MsrFilterSpec): number[] {
  const near = ranges.flatMap(({ base, count }) =>
    [-1, 0, 1, 7, 8, 62, 63, 64, count - 2, count - 1, count, count + 1].map((at) => base + at)
  );
  return [...near, ...EDGE_INDICES].map((index) => index >>> 0);
}

Deno.test("specAllows() says of words what filterAllows() says of their fields", () => {
  const verdicts = new Set<boolean>();
  fc.assert(
    fc.property(specs(), (spec) => {
      const raw = new MsrFilter(spec).raw();
      for (const index of indicesOf(spec)) {
        for (const kind of ["read", "write"] as const) {
          const access = { kind, index };
          const allows = specAllows(spec, access);
          verdicts.add(allows);
          assertEquals(filterAllows(raw, access), allows, `${kind} of 0x${index.toString(16)}`);
        }
      }
    }),
    { numRuns: 150 },
  );
  assertEquals(verdicts.size, 2);
});

Deno.test("specAllows() counts the bits of a bitmap from the lowest of its first byte", () => {
  const spec: MsrFilterSpec = {
    default: "allow",
    ranges: [{ base: 0x100, count: 16, access: "read", bitmap: Uint8Array.of(0b1, 0b1000_0000) }],
  };
  const allowed = [0xff, 0x100, 0x101, 0x108, 0x10f, 0x110]
    .filter((index) => specAllows(spec, { kind: "read", index }));
  assertEquals(allowed, [0xff, 0x100, 0x10f, 0x110]);
  assert(specAllows(spec, { kind: "write", index: 0x101 }));
});
