import { assertEquals, assertStringIncludes } from "@std/assert";
import { abiProbes, compareHeader, headerProgram, type Probe } from "./header_check.ts";

/** The assembly that a compiler writes for these answers. */
function assembly(answers: Readonly<Record<number, number>>): string {
  const lines = Object.entries(answers).map(([i, value]) => `\t.ascii "probe ${i} $${value}"\n`);
  return `\t.text\nprobes:\n${lines.join("")}\tret\n`;
}

const EXITS: readonly Probe[] = [5, 6, 7].map((declared) => ({
  expression: `KVM_EXIT_${declared}`,
  declared,
  guard: `KVM_EXIT_${declared}`,
  absence: "KVM_EXIT_",
}));

Deno.test("abiProbes() asks for the size of a structure and the place of each member", () => {
  const fields = { "msr.index": { offset: 44, size: 4 } };
  assertEquals(abiProbes({ S: { name: "kvm_run", size: 2352, fields } }), [
    { expression: "sizeof(struct kvm_run)", declared: 2352 },
    { expression: "offsetof(struct kvm_run, msr.index)", declared: 44 },
    { expression: "sizeof(((struct kvm_run *)0)->msr.index)", declared: 4 },
  ]);
});

Deno.test("abiProbes() asks for the number of an ioctl and the size in it", () => {
  const ioctl = { name: "KVM_RUN", request: 0xae80, on: ["vcpu"], size: 0 };
  assertEquals(abiProbes({ ANY: { RUN: ioctl } }), [
    { expression: "KVM_RUN", declared: 0xae80, guard: "KVM_RUN" },
    { expression: "_IOC_SIZE(KVM_RUN)", declared: 0, guard: "KVM_RUN" },
  ]);
});

Deno.test("abiProbes() guards what came after Linux 5.10 with a macro of its time", () => {
  const probes = abiProbes({
    S: { name: "kvm_run", size: 2352, fields: { "notify.flags": { offset: 32, size: 4 } } },
    T: { name: "kvm_stats_desc", size: 16, fields: { flags: { offset: 0, size: 4 } } },
  });
  assertEquals(probes.map(({ guard }) => guard), [
    undefined,
    "KVM_EXIT_NOTIFY",
    "KVM_EXIT_NOTIFY",
    "KVM_GET_STATS_FD",
    "KVM_GET_STATS_FD",
    "KVM_GET_STATS_FD",
  ]);
});

Deno.test("headerProgram() asks for a guarded number only where its macro is defined", () => {
  const program = headerProgram(EXITS);
  const [, first] = program.split("#ifdef ");
  assertStringIncludes(program, "#include <linux/kvm.h>");
  assertEquals(first?.split("\n")[0], "KVM_EXIT_5");
  assertStringIncludes(first ?? "", 'probe 0 %0\\"" : : "i"((long long)(KVM_EXIT_5))');
});

Deno.test("compareHeader() counts what agrees and names what does not", () => {
  assertEquals(compareHeader(EXITS, assembly({ 0: 5, 1: 60, 2: -7 })), {
    agreed: 1,
    differences: [
      "KVM_EXIT_6: kvm/abi declares 6, C says 60",
      "KVM_EXIT_7: kvm/abi declares 7, C says -7",
    ],
    absent: [],
  });
});

Deno.test("compareHeader() reads answers with and without the sign of an immediate", () => {
  const output = '.ascii "probe 0 $5"\n.ascii\t"probe 1 6"\n.ascii "probe 2 $7"\n';
  assertEquals(compareHeader(EXITS, output).agreed, 3);
});

Deno.test("compareHeader() writes the number of an ioctl in hexadecimal", () => {
  const run = { expression: "KVM_GET_REGS", declared: 0x8090ae81 };
  assertEquals(compareHeader([run], assembly({ 0: 0x8090ae82 })).differences, [
    "KVM_GET_REGS: kvm/abi declares 0x8090ae81, C says 0x8090ae82",
  ]);
});

Deno.test("compareHeader() takes the absence of the last numbers for an older header", () => {
  assertEquals(compareHeader(EXITS, assembly({ 0: 5 })), {
    agreed: 1,
    differences: [],
    absent: ["KVM_EXIT_6", "KVM_EXIT_7"],
  });
});

Deno.test("compareHeader() refuses the absence of a number before the last", () => {
  assertEquals(compareHeader(EXITS, assembly({ 0: 5, 2: 7 })).differences, [
    "KVM_EXIT_6: kvm/abi declares 6, the header lacks it",
  ]);
});

Deno.test("compareHeader() refuses a header without any of the numbers", () => {
  assertEquals(compareHeader(EXITS, assembly({})).differences.length, 3);
});

Deno.test("compareHeader() refuses an absence unless it is listed", () => {
  const bare = { expression: "KVM_SET_NOTHING", declared: 1, guard: "KVM_SET_NOTHING" };
  const { differences, absent } = compareHeader([bare, { ...bare, absence: "listed" }], "");
  assertEquals(differences, ["KVM_SET_NOTHING: kvm/abi declares 1, the header lacks it"]);
  assertEquals(absent, ["KVM_SET_NOTHING"]);
});
