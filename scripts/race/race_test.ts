import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../misuse.ts";
import { added, KINDS, roundsFor } from "./campaign.ts";
import { readRequest } from "./request.ts";
import { certaintyText, probabilityText, totalsText } from "./summary.ts";

Deno.test("roundsFor() divides the time among all races of rounds of at most 10 s", () => {
  for (const [seconds, count] of [[0.1, 1], [10, 1], [10.5, 2], [3600, 360]] as const) {
    const rounds = roundsFor(seconds);
    assertEquals(rounds.length, count);
    for (const round of rounds) assertEquals(round.map(({ name }) => name), names());
    const sum = rounds.flat().reduce((sum, { seconds }) => sum + seconds, 0);
    assertEquals(Math.round(sum * 1000), seconds * 1000);
  }
});

function names(): string[] {
  return KINDS.map(({ name }) => name);
}

Deno.test("added() sums the rounds and keeps every violation", () => {
  const none = { name: "x", seconds: 0, accesses: 0, swaps: 0, violations: [] };
  const once = added(none, { seconds: 1, accesses: 20, swaps: 3, violations: ["one"] });
  assertEquals(added(once, { seconds: 2, accesses: 30, swaps: 4, violations: ["two"] }), {
    name: "x",
    seconds: 3,
    accesses: 50,
    swaps: 7,
    violations: ["one", "two"],
  });
});

Deno.test("probabilityText() never says less than it is", () => {
  const texts = [0, -1, Math.log(0.011), Math.log(0.009), -357].map(probabilityText);
  assertEquals(texts, ["100 %", "37 %", "2 %", "10^-2", "10^-155"]);
});

Deno.test("certaintyText() promises nothing on one processor", () => {
  assertEquals(/at most 10\^-155$/.test(certaintyText(-357, 2)), true);
  assertEquals(/nothing is worked out$/.test(certaintyText(0, 1)), true);
});

Deno.test("totalsText() has rates a second, also of a race that took no time", () => {
  const total = { name: "a", seconds: 2, accesses: 3000, swaps: 20, violations: [] };
  assertEquals(totalsText([total, { ...total, name: "longer", seconds: 0 }]).split("\n"), [
    "a       2.0 s  1,500 accesses/s  10 swaps/s  0 violations",
    "longer  0.0 s      0 accesses/s   0 swaps/s  0 violations",
  ]);
});

for (
  const args of [["--seconds", "0"], ["--seconds", ""], ["--seconds", "x"], ["--vcpus", "9"], [
    "--vcpus",
    "",
  ]]
) {
  Deno.test(`readRequest() refuses ${args.join(" ")}`, () => {
    assertThrows(() => readRequest(args), MisuseError, args[0]);
  });
}
