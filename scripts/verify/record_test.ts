import { assertEquals } from "@std/assert";
import type { Clause } from "../../tests/support/clause.ts";
import type { Deviation } from "../../tests/support/deviation.ts";
import { type Guest, recordOf } from "./record.ts";

const CLAUSE: Clause = { id: "X-01", sentence: "a promise", requires: [], body: () => {} };
const DEVIATION: Deviation = {
  id: "D-99",
  clause: "X-01",
  evidence: "Seen on 6.18.",
  seen: /no exit/,
  cause: "The fastpath.",
  expected: () => true,
};

function guest(listing: string, count: number): Guest {
  return {
    program: { listing: () => listing },
    transcript: { count, toString: () => `${count} exits` },
  };
}

Deno.test("recordOf() has every execution, and the gravest verdict of them", () => {
  const error = new Error("no exit");
  const record = recordOf(CLAUSE, [
    {
      execution: "native",
      verdict: { kind: "holds", again: [error] },
      milliseconds: 1.4,
      guests: [],
    },
    {
      execution: "forced emulation",
      verdict: { kind: "known-deviation", deviation: DEVIATION, error },
      milliseconds: 2.6,
      guests: [guest("old", 1), guest("rdmsr", 2), guest("unused", 0)],
    },
  ], "");
  assertEquals(record, {
    id: "X-01",
    sentence: "a promise",
    source: "x86.c kvm_msr_allowed(): the search through the ranges",
    verdict: "known-deviation",
    milliseconds: 4,
    repeat: "deno task verify --filter X-01",
    executions: [
      { execution: "native", verdict: "holds", milliseconds: 1, again: ["no exit"] },
      {
        execution: "forced emulation",
        verdict: "known-deviation",
        milliseconds: 3,
        deviation: { id: "D-99", evidence: "Seen on 6.18.", cause: "The fastpath." },
        failure: "no exit",
        guest: { listing: "rdmsr", exits: "2 exits" },
      },
    ],
  });
});

Deno.test("recordOf() keeps the reason, and names the sandbox in the command", () => {
  const { executions: [execution], repeat } = recordOf(
    CLAUSE,
    [{
      execution: "native",
      verdict: { kind: "undecided", reason: "no RDPID" },
      milliseconds: 0,
      guests: [],
    }],
    "amd:6.12",
  );
  assertEquals(execution!.reason, "no RDPID");
  assertEquals(repeat, "deno task verify --config amd:6.12 --filter X-01");
});
