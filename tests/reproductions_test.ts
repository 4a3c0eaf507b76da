/**
 * The tests that a search prints: they are valid, they pass where KVM does what
 * they want, and they fail where it does anything else.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Msr, type MsrAccess, type RawMsrFilter } from "@trapline/trapline";
import {
  type AccessVerdict,
  type CallDisagreement,
  callDisagreementAsTest,
  type Disagreement,
  disagreementAsTest,
  type RawCall,
  type RawSlot,
} from "@trapline/trapline/oracle";
import { kvmTest } from "./support/kvm_testing.ts";
import { slowInSandbox, testUnless } from "./support/test_unless.ts";

const MAP = new URL("./support/offline_import_map.json", import.meta.url).pathname;

/** Denies both kinds of access to three MSRs. */
const FILTER: RawMsrFilter = {
  flags: 0,
  ranges: [
    { flags: 3, nmsrs: 3, base: 0x174, bitmap: new Uint8Array(8) },
    { flags: 9, nmsrs: 0, base: 7, bitmap: 0xdead_beefn },
  ],
};
const READ: MsrAccess = { kind: "read", index: 0x174 };
const WRITE: MsrAccess = { kind: "write", index: 0x174, value: 8n };
const STAR = 0x23_0010_0000_0000n;

/** By the one a read is refused, by the other a write. */
const SEEDS = [3, 4];

function about(
  access: MsrAccess,
  wanted: AccessVerdict,
  more: Partial<Disagreement["trial"]> & Pick<Disagreement, "among"> = {},
): Disagreement {
  const { among, ...trial } = more;
  return {
    trial: { filter: FILTER, reasons: ["filter"], forcedEmulation: false, seed: 1, ...trial },
    access,
    wanted,
    got: "something else",
    ...(among && { among }),
  };
}

const AMONG: readonly MsrAccess[] = [{ kind: "write", index: Msr.STAR, value: STAR }, WRITE, READ];

/** Disagreements of which the oracle is right. */
const RIGHT: readonly Disagreement[] = [
  ...SEEDS.flatMap((seed) => [about(READ, "filter", { seed }), about(WRITE, "filter", { seed })]),
  about(READ, "gp", { reasons: [] }),
  about(WRITE, "gp", { reasons: ["inval", "unknown"] }),
  about({ kind: "read", index: Msr.STAR }, "completes"),
  about({ kind: "read", index: Msr.IA32_TSC }, "completes"),
  about({ kind: "write", index: Msr.STAR, value: STAR }, "completes"),
  about(READ, "filter", { among: AMONG }),
];

const SLOT: RawSlot = { flags: 3, nmsrs: 3, base: 0x174, place: "readable", seed: 0 };

function setFilter(more: Partial<RawCall>, ...slots: readonly RawSlot[]): RawCall {
  return { ...more, name: "X86_SET_MSR_FILTER", flags: 0, slots };
}

const SET = setFilter({ argument: "end", padding: 5 }, SLOT);
const ENABLE: RawCall = { name: "ENABLE_CAP", flags: 0, args: [4n, 9n, 9n, 9n], padding: 7 };

function aboutCalls(
  calls: readonly RawCall[],
  wanted: CallDisagreement["wanted"],
  access?: Disagreement,
): CallDisagreement {
  return { calls, wanted, problem: "something else", access };
}

/** The same about calls. */
const RIGHT_CALLS: readonly CallDisagreement[] = [
  aboutCalls([SET], [undefined]),
  aboutCalls([setFilter({}, { ...SLOT, place: "cut" })], ["EFAULT"]),
  aboutCalls([ENABLE, { ...ENABLE, flags: 1, argument: "end" }], [undefined, "EINVAL"]),
  ...(["cut", "null", "unmapped", "kernel"] as const).flatMap((argument) => [
    aboutCalls([setFilter({ argument, padding: 3 }, SLOT)], ["EFAULT"]),
    aboutCalls([{ ...ENABLE, argument }], ["EFAULT"]),
  ]),
  aboutCalls([SET, ENABLE], [undefined, undefined], about(READ, "filter")),
  aboutCalls([SET, ENABLE], [undefined, undefined], about(READ, "filter", { among: AMONG })),
];

async function withFiles(
  sources: readonly string[],
  body: (paths: string[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "trapline-reproductions-" });
  try {
    const paths = sources.map((_, i) => `${folder}/${i}.ts`);
    await Promise.all(sources.map((source, i) => Deno.writeTextFile(paths[i]!, source)));
    await body(paths);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the body of the one test of `source`. */
async function run(source: string): Promise<void> {
  const module = source.replace(/^Deno\.test\(".*", \(\) => \{$/m, "export default () => {")
    .replace(/\}\);\n$/, "};\n");
  await withFiles([module], async ([path]) => {
    const { default: body } = await import(`file://${path}`);
    body();
  });
}

testUnless(
  slowInSandbox(),
  "disagreementAsTest() and callDisagreementAsTest() write tests of which the types are right",
  async () => {
    const sources = [
      ...RIGHT.map(disagreementAsTest),
      ...RIGHT_CALLS.map(callDisagreementAsTest),
    ];
    await withFiles(sources, async (paths) => {
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["check", "--quiet", `--import-map=${MAP}`, ...paths],
        stdin: "null",
        env: { NO_COLOR: "1" },
      }).output();
      assert(success, new TextDecoder().decode(stderr));
    });
  },
);

kvmTest("disagreementAsTest() writes tests that pass where KVM is right", async () => {
  for (const right of RIGHT) await run(disagreementAsTest(right));
});

kvmTest("disagreementAsTest() writes tests that fail where the oracle is wrong", async () => {
  for (const right of RIGHT.filter(({ among }) => among === undefined)) {
    for (const wanted of ["completes", "gp", "filter", "inval"] as const) {
      if (wanted === right.wanted) continue;
      await assertRejects(() => run(disagreementAsTest({ ...right, wanted })));
    }
  }
});

/** `source` with its first `from` put otherwise: what a KVM with a defect would make of it. */
function changed(source: string, from: string, to: string): string {
  assertStringIncludes(source, from);
  return source.replace(from, to);
}

kvmTest("disagreementAsTest() writes tests that fail for all that can be wrong", async () => {
  const sources = RIGHT.map(disagreementAsTest);
  const having = (part: string): string => sources.find((source) => source.includes(part))!;
  const supplied = having("exit.supply(");
  const written = having("exit.acknowledge()");
  for (
    const source of [
      // Another index, other data, and answers that do not arrive.
      changed(supplied, "guest.rdmsr(0x174)", "guest.rdmsr(0x175)"),
      changed(written, "0x174, 0x8n)", "0x174, 0x9n)"),
      changed(supplied, "exit.supply(0x", "exit.supply(0x1"),
      changed(supplied, "exit.supply(", "exit.refuse(); void ("),
      changed(written, "exit.acknowledge()", "exit.refuse()"),
      changed(having("exit.refuse()"), "exit.refuse()", "void 0"),
      // A denied write that arrives, and a value that is not what user space reads.
      changed(written, "assertNoFault(", "session.vcpu.setMsrs([[0x174, 8n]]); assertNoFault("),
      changed(having("rdmsr(0xc0000081)"), "getMsr(0xc0000081)", "getMsr(0x277)"),
      changed(having("wrmsr(0xc0000081"), "0xc0000081, 0x23", "0xc0000081, 0x33"),
      // Another filter than the one that is asked about.
      changed(having("compareWalkInForce"), "nmsrs: 0x3,", "nmsrs: 0x0,"),
    ]
  ) {
    await assertRejects(() => run(source), Error);
  }
});

kvmTest("callDisagreementAsTest() writes tests that pass where KVM is right", async () => {
  for (const right of RIGHT_CALLS) await run(callDisagreementAsTest(right));
});

kvmTest("callDisagreementAsTest() writes tests that fail where anything is wrong", async () => {
  for (const right of RIGHT_CALLS) {
    const wanted = right.wanted.with(-1, right.wanted.at(-1) === "EINVAL" ? "EFAULT" : "EINVAL");
    await assertRejects(() => run(callDisagreementAsTest({ ...right, wanted })));
  }
  const after = RIGHT_CALLS.filter(({ access }) => access !== undefined);
  assertEquals(after.length, 2);
  for (const right of after) {
    const source = callDisagreementAsTest(right);
    await assertRejects(() => run(changed(source, "nmsrs: 0x3,", "nmsrs: 0x0,")));
  }
});
