import { assertEquals } from "@std/assert";
import { paintFor } from "../terminal.ts";
import { type Figure, figureText, toJson } from "./report.ts";

const plain = paintFor({ noColor: true });

function figure(ratios: readonly number[], kind?: "at most" | "at least"): Figure {
  const target = kind === undefined ? undefined : { kind, value: 1.25 };
  return { name: "Exit: a / b", target, boundedBy: "the kernel", ratios };
}

Deno.test("figureText() gives median, spread, target and bound", () => {
  assertEquals(
    figureText(figure([1.5, 1.125, 1.25], "at most"), plain).replaceAll(/ {2,}/g, "  "),
    "Exit: a / b  1.250  (1.13..1.50)  at most 1.25: met\n  bounded by the kernel",
  );
});

Deno.test("toJson() holds the median, not the extremes, against the target", () => {
  const met = (ratios: readonly number[], kind?: "at most" | "at least") =>
    toJson(figure(ratios, kind)).met;
  assertEquals(met([1, 1.3, 9], "at most"), false);
  assertEquals(met([1, 1.2, 9], "at most"), true);
  assertEquals(met([1, 1.2, 9], "at least"), false);
  assertEquals(met([1, 1.3, 9], "at least"), true);
  assertEquals(met([1]), null);
});
