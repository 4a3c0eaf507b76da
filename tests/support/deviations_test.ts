import { assertEquals } from "@std/assert";
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
