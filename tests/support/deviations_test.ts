import { assertEquals } from "@std/assert";
import { catalogueIds } from "./catalogue.ts";
import { deviationsOf } from "./deviations.ts";
import type { Facts } from "./facts.ts";

function host(
  vendorModule: string,
  kernelVersion: readonly [number, number],
  parameters: Readonly<Record<string, string>>,
): Facts {
  return {
    unavailable: undefined,
    vendorModule,
    host: {
      kernelRelease: kernelVersion.join("."),
      kernelVersion,
      cpuVendor: "",
      cpuModel: "",
      cpuFlags: new Set(),
      modules: [{ name: vendorModule, parameters }],
    },
  };
}

Deno.test("D-01 is expected of kvm_intel with the preemption timer, and of all from 6.18 on", () => {
  const [deviation] = deviationsOf("X-75");
  const expected = (...args: Parameters<typeof host>): boolean =>
    deviation!.expected(host(...args));
  assertEquals(expected("kvm_intel", [6, 12], { preemption_timer: "Y" }), true);
  assertEquals(expected("kvm_intel", [6, 12], { preemption_timer: "N" }), false);
  assertEquals(expected("kvm_intel", [6, 18], { preemption_timer: "N" }), true);
  assertEquals(expected("kvm_amd", [7, 2], {}), false);
  assertEquals(expected("kvm_pvm", [6, 18], {}), false);
});

Deno.test("The emulator's deviations are expected before 5.18", () => {
  for (const clause of ["F-26", "F-27", "F-29", "X-89"]) {
    const [deviation] = deviationsOf(clause);
    assertEquals(deviation!.expected(host("kvm_amd", [5, 10], {})), true, clause);
    assertEquals(deviation!.expected(host("kvm_amd", [5, 17], {})), true, clause);
    assertEquals(deviation!.expected(host("kvm_amd", [5, 18], {})), false, clause);
  }
  const [sysexit] = deviationsOf("F-27");
  assertEquals(sysexit!.expected(host("kvm_intel", [5, 10], {})), false);
});

Deno.test("The deviations of X-55 are expected of kvm_amd on QEMU's CPU alone", () => {
  const on = (module: string, version: readonly [number, number], cpuModel: string): boolean[] => {
    const facts = host(module, version, {});
    return deviationsOf("X-55").map((each) =>
      each.expected({ ...facts, host: { ...facts.host, cpuModel } })
    );
  };
  assertEquals(on("kvm_amd", [5, 10], "QEMU TCG CPU version 2.5+"), [true, true]);
  assertEquals(on("kvm_amd", [6, 12], "QEMU TCG CPU version 2.5+"), [true, false]);
  assertEquals(on("kvm_amd", [6, 12], "AMD EPYC"), [false, false]);
  assertEquals(on("kvm_intel", [6, 12], "QEMU TCG CPU version 2.5+"), [false, false]);
});

Deno.test("The deviations of nested VMX are expected of the kernels between their causes", () => {
  const on = (clause: string, version: readonly [number, number]): boolean =>
    deviationsOf(clause).some((each) =>
      each.execution !== "forced emulation" && each.expected(host("kvm_intel", version, {}))
    );
  const versions = [[5, 10], [5, 15], [5, 16], [5, 17], [5, 18], [6, 11], [6, 12], [7, 2]] as const;
  for (const clause of ["F-31", "F-32", "F-33", "F-34"]) {
    assertEquals(versions.filter((version) => on(clause, version)), [[5, 18], [6, 11]]);
  }
  assertEquals(versions.filter((version) => on("X-90", version)), [[5, 10], [5, 15]]);
  assertEquals(versions.filter((version) => on("X-92", version)), [...versions]);
  for (const clause of ["F-31", "X-90", "X-91", "X-92"]) {
    const amd = deviationsOf(clause).filter((each) => each.expected(host("kvm_amd", [6, 1], {})));
    assertEquals(amd, [], clause);
  }
});

Deno.test("no two recorded deviations have the same id, and none is left out", () => {
  const ids = catalogueIds().flatMap((clause) => deviationsOf(clause).map(({ id }) => id));
  const wanted = ids.map((_, i) => `D-${String(i + 1).padStart(2, "0")}`);
  assertEquals(ids.toSorted(), wanted);
});
