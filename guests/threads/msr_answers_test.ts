import { assertEquals, assertThrows } from "@std/assert";
import { EXIT_REASON } from "../../kvm/abi/exit_reason.ts";
import { KVM_RUN } from "../../kvm/abi/kvm_run.ts";
import { decodeExit, type Exit } from "../../kvm/exit.ts";
import { RunPage } from "../../kvm/run_page.ts";
import { Mapping, PAGE_SIZE } from "../../kvm/sys/mapping.ts";
import { checkAnswers, MsrAnswerer, type MsrAnswers } from "./msr_answers.ts";

const FIELD = KVM_RUN.fields;

/** The exit of an access, as the kernel would leave it. */
function exitOf(name: "X86_RDMSR" | "X86_WRMSR" | "HLT", index = 0x174, data = 0n): Exit {
  const page = new RunPage(Mapping.memory(PAGE_SIZE));
  page.view.setUint32(FIELD.exit_reason.offset, EXIT_REASON[name], true);
  page.view.setUint32(FIELD["msr.index"].offset, index, true);
  page.view.setBigUint64(FIELD["msr.data"].offset, data, true);
  return decodeExit(page);
}

function answerOf(exit: Exit): unknown {
  return exit.name === "X86_RDMSR" || exit.name === "X86_WRMSR" ? exit.answer : undefined;
}

Deno.test("answer() supplies a value, acknowledges and refuses", () => {
  const answerer = new MsrAnswerer();
  const cases: [Exit, MsrAnswers, unknown][] = [
    [exitOf("X86_RDMSR"), { rdmsr: 7n }, { kind: "value", value: 7n }],
    [exitOf("X86_RDMSR"), { rdmsr: "refuse" }, { kind: "refuse", error: 1 }],
    [exitOf("X86_WRMSR"), { wrmsr: "acknowledge" }, { kind: "acknowledge" }],
    [exitOf("X86_WRMSR"), { wrmsr: "refuse" }, { kind: "refuse", error: 1 }],
  ];
  for (const [exit, answers, wanted] of cases) {
    assertEquals(answerer.answer(exit, answers), exit.name === "X86_RDMSR" ? "rdmsr" : "wrmsr");
    assertEquals(answerOf(exit), wanted);
  }
});

Deno.test("answer() leaves alone what has no answer", () => {
  const answerer = new MsrAnswerer();
  const cases: [Exit, MsrAnswers][] = [
    [exitOf("X86_RDMSR"), { wrmsr: "refuse" }],
    [exitOf("X86_WRMSR"), { rdmsr: 7n }],
    [exitOf("HLT"), { rdmsr: 7n, wrmsr: "refuse" }],
  ];
  for (const [exit, answers] of cases) {
    assertEquals([answerer.answer(exit, answers), answerOf(exit)], [undefined, undefined]);
  }
});

Deno.test('answer() by "last-written" gives each MSR what was acknowledged last', () => {
  const answerer = new MsrAnswerer();
  const write = (index: number, data: bigint, wrmsr: "acknowledge" | "refuse"): void => {
    answerer.answer(exitOf("X86_WRMSR", index, data), { wrmsr });
  };
  write(1, 10n, "acknowledge");
  write(1, 11n, "acknowledge");
  write(2, 20n, "acknowledge");
  write(2, 21n, "refuse");
  const values = [1, 2, 3].map((index) => {
    const exit = exitOf("X86_RDMSR", index);
    answerer.answer(exit, { rdmsr: "last-written" });
    return answerOf(exit);
  });
  assertEquals(values, [11n, 20n, 0n].map((value) => ({ kind: "value", value })));
});

Deno.test("checkAnswers() refuses what a thread cannot answer", () => {
  for (const rdmsr of [0n, 2n ** 64n - 1n, "last-written", "refuse"] as const) {
    checkAnswers({ rdmsr });
  }
  for (const rdmsr of [-1n, 2n ** 64n]) {
    assertThrows(() => checkAnswers({ rdmsr }), RangeError, `with ${rdmsr}: an MSR has 64 bits`);
  }
  const word = "acknowledge" as "refuse";
  assertThrows(() => checkAnswers({ rdmsr: word }), TypeError, '"acknowledge": it must be');
  const other = "last-written" as "refuse";
  assertThrows(() => checkAnswers({ wrmsr: other }), TypeError, '"last-written": it must be');
});
