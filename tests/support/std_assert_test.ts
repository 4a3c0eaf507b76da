// This file holds the adapter against itself, so it uses nothing else to assert.
import {
  assert,
  assertEquals,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "./std_assert.ts";

const failing: Readonly<Record<string, () => void>> = {
  assert: () => assert(0, "zero"),
  assertEquals: () => assertEquals({ a: [1n] }, { a: [2n] }, "note"),
  assertNotEquals: () => assertNotEquals([1], [1]),
  assertStrictEquals: () => assertStrictEquals([], []),
  assertStringIncludes: () => assertStringIncludes("abc", "d"),
  assertMatch: () => assertMatch("abc", /d/),
  "assertThrows (nothing thrown)": () => void assertThrows(() => {}),
  "assertThrows (other class)": () =>
    void assertThrows(() => {
      throw new TypeError("x");
    }, RangeError),
};

for (const [name, fail] of Object.entries(failing)) {
  Deno.test(`${name}() fails with an AssertionError`, () => {
    let thrown: unknown;
    try {
      fail();
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof AssertionError)) throw new Error(`Got ${thrown}`);
  });
}

Deno.test("the assertions pass what is so", () => {
  assert(1);
  assertEquals({ a: [1n, new Uint8Array([1])] }, { a: [1n, new Uint8Array([1])] });
  assertNotEquals([1], [2]);
  assertStrictEquals(NaN, NaN);
  assertStringIncludes("abc", "b");
  assertMatch("abc", /b/);
  const error = assertThrows(
    () => {
      throw new RangeError("too far");
    },
    RangeError,
    "far",
  );
  assert(error instanceof RangeError);
});
