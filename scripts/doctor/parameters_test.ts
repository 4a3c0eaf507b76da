import { assertEquals } from "@std/assert";
import { parameterFindings, readParameters } from "./parameters.ts";

function kvm(parameters: Record<string, string>): { name: string; parameters: typeof parameters } {
  return { name: "kvm", parameters };
}

function limits(...modules: Parameters<typeof parameterFindings>[0]): string[] {
  return parameterFindings(modules).map(({ what }) => what.split(":")[0]!);
}

Deno.test("readParameters() gives null for what the kernel does not show", () => {
  assertEquals(
    readParameters([kvm({ ignore_msrs: "N" })]).map(({ name, value }) => [name, value]),
    [
      ["kvm.ignore_msrs", "N"],
      ["kvm.report_ignored_msrs", null],
      ["kvm.force_emulation_prefix", null],
    ],
  );
});

Deno.test("parameterFindings() finds ignore_msrs that is on", () => {
  assertEquals(limits(kvm({ ignore_msrs: "Y" })), ["kvm.ignore_msrs is Y"]);
  assertEquals(limits(kvm({ ignore_msrs: "N" })), []);
});

Deno.test("parameterFindings() finds force_emulation_prefix that is off, as flag or as number", () => {
  const of = (value: string): string[] => limits(kvm({ force_emulation_prefix: value }));
  assertEquals([of("0"), of("N")].flat().length, 2);
  assertEquals([of("1"), of("2"), of("Y")].flat(), []);
});

Deno.test("parameterFindings() knows nested of either vendor", () => {
  const of = (name: string, nested: string): string[] => limits({ name, parameters: { nested } });
  assertEquals(of("kvm_amd", "0"), ["kvm_amd.nested is 0"]);
  assertEquals(of("kvm_intel", "N"), ["kvm_intel.nested is N"]);
  assertEquals([of("kvm_amd", "1"), of("kvm_intel", "Y")].flat(), []);
});

Deno.test("parameterFindings() decides nothing from a value that cannot be read", () => {
  assertEquals(limits(kvm({ force_emulation_prefix: "?" })), []);
});
