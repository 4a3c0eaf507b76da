/**
 * Every number of `kvm/abi` against the C headers of this machine.
 *
 * @module
 */
import { assertEquals, assertGreaterOrEqual, assertRejects, assertThrows } from "@std/assert";
import * as abi from "../kvm/abi/mod.ts";
import { compile, findCCompiler } from "./support/c_compiler.ts";
import {
  abiProbes,
  compareHeader,
  headerProgram,
  type HeaderReport,
  type Probe,
} from "./support/header_check.ts";
import { isRequired } from "./support/required.ts";

const compiler = await findCCompiler();
const obstacle = compiler === undefined
  ? "no C compiler"
  : (await compile(compiler, headerProgram([]))).error;

async function askC(probes: readonly Probe[]): Promise<HeaderReport> {
  if (compiler === undefined || obstacle !== undefined) {
    throw new Error(`Cannot read the C headers: ${obstacle}`);
  }
  const { error, assembly } = await compile(compiler, headerProgram(probes));
  assertEquals(error, undefined);
  return compareHeader(probes, assembly);
}

/** Registers a test that needs a C compiler and the kernel's headers. */
function headerTest(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  const ignore = obstacle !== undefined && !isRequired("cc");
  Deno.test({ name: `ABI: ${name}${ignore ? ` (skipped: ${obstacle})` : ""}`, ignore, fn });
}

headerTest("every size, offset and number equals C's", async (t) => {
  const probes = abiProbes(abi);
  const { agreed, differences, absent } = await askC(probes);
  assertEquals(differences, []);
  await t.step(`${agreed} numbers agree`, () => {
    assertEquals(agreed + absent.length, probes.length);
  });
  if (absent.length > 0) {
    const names = absent.slice(0, 5).join(", ") + (absent.length > 5 ? ", ..." : "");
    const name = `${absent.length} numbers are newer than the headers: ${names}`;
    await t.step({ name, ignore: true, fn: () => {} });
  }
});

headerTest("no size, offset or number could be off by one unnoticed", async () => {
  const probes = abiProbes(abi);
  const { agreed } = await askC(probes);
  const shifted = await askC(probes.map((probe) => ({ ...probe, declared: probe.declared + 1 })));
  assertEquals([shifted.agreed, shifted.differences.length], [0, agreed]);
});

headerTest("a member that C does not have is an error, not an absence", async () => {
  const misspelt = abi.struct("kvm_regs", 144, { raxx: abi.u64(0) });
  await assertRejects(() => askC(abiProbes({ misspelt })), Error, "raxx");
});

Deno.test("abiProbes() has a probe for every export of kvm/abi but its functions", () => {
  for (const [name, value] of Object.entries(abi)) {
    if (typeof value === "function") continue;
    assertGreaterOrEqual(abiProbes({ [name]: value }).length, 1, name);
  }
});

Deno.test("abiProbes() refuses an export of a kind it does not know", () => {
  const strays = [1, 1n, "KVM", null, undefined, { A: 1 }, ["A"], { A: { size: 1 } }];
  for (const stray of strays) {
    assertThrows(() => abiProbes({ ...abi, STRAY: stray }), TypeError, '"STRAY');
  }
  assertThrows(() => abiProbes({ CAP: { ...abi.CAP, A: 1n } }), TypeError, '"CAP.A"');
  assertThrows(() => abiProbes({ Msr: { ...abi.Msr, A: "" } }), TypeError, '"Msr.A"');
});
