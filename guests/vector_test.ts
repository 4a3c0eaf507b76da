import { assertEquals } from "@std/assert";
import { formatVector, GP, WITH_ERROR_CODE } from "./vector.ts";

Deno.test("formatVector() names exceptions and numbers the rest", () => {
  assertEquals([0, 2, GP, 14].map(formatVector), ["#DE (0)", "NMI (2)", "#GP (13)", "#PF (14)"]);
  assertEquals([9, 15, 32, 255].map(formatVector), [9, 15, 32, 255].map((n) => `vector ${n}`));
});

Deno.test("WITH_ERROR_CODE holds just the vectors that push one", () => {
  assertEquals([...WITH_ERROR_CODE], [8, 10, 11, 12, 13, 14, 17, 21, 29, 30]);
});
