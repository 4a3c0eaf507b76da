import { assertEquals } from "@std/assert";
import type { Exit } from "../../kvm/exit.ts";
import type { Clause, Verdict } from "../../tests/support/clause.ts";
import type { Deviation } from "../../tests/support/deviation.ts";
import { type Guest, type Ran, recordOf } from "./record.ts";

const CLAUSE: Clause = { id: "X-01", sentence: "a promise", requires: [], body: () => {} };
const DEVIATION: Deviation = {
  id: "D-99",
  clause: "X-01",
  evidence: "Seen on 6.18.",
  seen: /no exit/,
  cause: "The fastpath.",
  expected: () => true,
};

const HLT: Exit = { name: "HLT", number: 5 };
// What is looked at is the name alone.
const RDMSR = { name: "X86_RDMSR" } as Exit;

function ran(listing: string, ...exits: readonly Exit[]): Ran {
  const text = exits.map(({ name }) => name).join();
  return {
    program: { listing: () => listing },
    transcript: { exits, count: exits.length, toString: () => text },
  };
}

function guest(session: Ran, msrExits?: Ran): Guest {
  return { session, msrExits };
}

/** What is shown of `guests` in a clause that holds, or fails. */
function shown(verdict: Verdict, ...guests: readonly Guest[]): string | undefined {
  const found = { execution: "native", verdict, milliseconds: 1, guests } as const;
  return recordOf(CLAUSE, [found]).executions[0]!.guest?.listing;
}

Deno.test("recordOf() has every execution, and the gravest verdict of them", () => {
  const error = new Error("\x1b[31mno exit\x1b[39m");
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
      guests: [guest(ran("old", HLT)), guest(ran("rdmsr", HLT, HLT)), guest(ran("unused"))],
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
        guest: { listing: "rdmsr", exits: "HLT,HLT" },
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

Deno.test("recordOf() shows the last program that made MSR exits, and of a failure the last", () => {
  const guests = [
    guest(ran("first", RDMSR)),
    guest(ran("then", HLT), ran("before", RDMSR, HLT)),
    guest(ran("last", HLT)),
    guest(ran("unused")),
  ];
  assertEquals(shown({ kind: "holds" }, ...guests), "before");
  assertEquals(
    shown({ kind: "holds" }, ...guests, guest(ran("now", RDMSR), guests[0]!.session)),
    "now",
  );
  assertEquals(shown({ kind: "deviates", error: new Error("no") }, ...guests), "last");
  assertEquals(shown({ kind: "holds" }, guests[2]!, guests[3]!), "last");
  assertEquals(shown({ kind: "holds" }, guests[3]!), undefined);
});

Deno.test("recordOf() cuts a long program", () => {
  const listing = Array.from({ length: 100 }, (_, i) => `line ${i}`).join("\n");
  const lines = shown({ kind: "holds" }, guest(ran(listing, RDMSR)))!.split("\n");
  assertEquals([lines.length, lines.at(-2), lines.at(-1)], [97, "line 95", "(4 more)"]);
});
