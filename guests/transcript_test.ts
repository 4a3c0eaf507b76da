import { assertEquals } from "@std/assert";
import { KVM_RUN } from "../kvm/abi/kvm_run.ts";
import { decodeExit, type Exit } from "../kvm/exit.ts";
import { RunPage } from "../kvm/run_page.ts";
import { Mapping, PAGE_SIZE } from "../kvm/sys/mapping.ts";
import { Transcript } from "./transcript.ts";

/** Collects `exits` and shows them after `answer` has answered the last. */
function transcript(exits: readonly Exit[]): Transcript {
  const transcript = new Transcript();
  for (const exit of exits) transcript.add(exit);
  return transcript;
}

function msrExit(page: RunPage, number: 29 | 30): Exit {
  KVM_RUN.write(page.view, {
    exit_reason: number,
    "msr.reason": 4,
    "msr.index": 0x174,
    "msr.data": 0x10n,
  });
  return decodeExit(page);
}

const HLT: Exit = { name: "HLT", number: 5 };

/** A debug exit that `pc` tells from others. */
function numbered(pc: number): Exit {
  return { name: "DEBUG", number: 4, exception: 1, pc: BigInt(pc), dr6: 0n, dr7: 0n };
}

Deno.test("Transcript.toString() says when there were no exits", () => {
  assertEquals(`${new Transcript()}`, "  none");
});

Deno.test("Transcript.toString() has a numbered line for each exit with its answer", () => {
  const page = new RunPage(Mapping.memory(PAGE_SIZE));
  const exits = [29, 29, 29, 30, 30].map((number) => msrExit(page, number as 29 | 30));
  const [unanswered, supplied, refused, acknowledged, refusedWrite] = exits;
  if (supplied?.name === "X86_RDMSR") supplied.supply(0x2an);
  if (refused?.name === "X86_RDMSR") refused.refuse();
  if (acknowledged?.name === "X86_WRMSR") acknowledged.acknowledge();
  if (refusedWrite?.name === "X86_WRMSR") refusedWrite.refuse(9);
  page.close();
  const read = "KVM_EXIT_X86_RDMSR (29) IA32_SYSENTER_CS (0x174) reason filter";
  const write = "KVM_EXIT_X86_WRMSR (30) IA32_SYSENTER_CS (0x174) data 0x10 reason filter";
  const all = [unanswered!, supplied!, refused!, acknowledged!, refusedWrite!, HLT];
  assertEquals(`${transcript(all)}`.split("\n"), [
    `  1. ${read} -> no answer`,
    `  2. ${read} -> supplied 0x2a`,
    `  3. ${read} -> refused (error = 1)`,
    `  4. ${write} -> acknowledged`,
    `  5. ${write} -> refused (error = 9)`,
    "  6. KVM_EXIT_HLT (5)",
  ]);
});

Deno.test("Transcript keeps the last 32 exits in order and counts all", () => {
  for (const count of [31, 32, 33, 64, 100]) {
    const all = transcript(Array.from({ length: count }, (_, i) => numbered(i)));
    const kept = all.exits.map((exit) => exit.name === "DEBUG" ? Number(exit.pc) : -1);
    const first = Math.max(count - 32, 0);
    assertEquals(kept, Array.from({ length: count - first }, (_, i) => first + i));
    assertEquals([all.count, all.last], [count, numbered(count - 1)]);
  }
});

Deno.test("Transcript.toString() says how many earlier exits it has forgotten", () => {
  const lines = `${transcript(Array.from({ length: 40 }, (_, i) => numbered(i)))}`.split("\n");
  assertEquals(lines.length, 33);
  assertEquals(lines[0], "  (8 earlier)");
  assertEquals(lines[1], "  9. KVM_EXIT_DEBUG (4) vector 1 at 0x8, DR6 0x0");
  assertEquals(lines.at(-1), "  40. KVM_EXIT_DEBUG (4) vector 1 at 0x27, DR6 0x0");
});

Deno.test("Transcript.clear() forgets all exits", () => {
  const some = transcript([HLT, HLT]);
  some.clear();
  assertEquals([some.count, some.exits, some.last, `${some}`], [0, [], undefined, "  none"]);
  some.add(numbered(7));
  assertEquals(some.exits, [numbered(7)]);
});

Deno.test("Transcript.copy() keeps what it has, whatever becomes of the other", () => {
  const some = transcript(Array.from({ length: 40 }, (_, i) => numbered(i)));
  const text = `${some}`;
  const copy = some.copy();
  some.clear();
  some.add(HLT);
  assertEquals([`${copy}`, copy.count, some.count], [text, 40, 1]);
});
