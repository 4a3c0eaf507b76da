import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KvmUnavailableError } from "@trapline/trapline";
import { deviceFinding, inspectDevice, inspectFile } from "./device.ts";

const MISSING = new KvmUnavailableError("missing", 'Cannot open "/x"', "Load the module");
const device = { ...inspectDevice("/x", MISSING), registered: false };
const cpu = { vendor: "", model: "", svm: false, vmx: false, hypervisor: false };

Deno.test("inspectFile() gives type, mode and owner", () => {
  const file = inspectFile("/dev/null");
  assert(file !== null);
  assertEquals(file.type, "character device 1:3");
  assertMatch(file.mode, /^0[0-7]{3}$/);
  assertEquals(inspectFile("/nonexistent"), null);
});

Deno.test("deviceFinding() takes the message apart into what is wrong and its remedy", () => {
  assertEquals(deviceFinding(device, { ...cpu, svm: true }, MISSING), {
    severity: "stops",
    what: 'Cannot open "/x"',
    remedy: "Load the module",
  });
});

Deno.test("deviceFinding() asks for the device file where the kernel has KVM", () => {
  const { remedy } = deviceFinding({ ...device, registered: true }, cpu, MISSING);
  assertStringIncludes(remedy, "mknod /x c 10 232");
});

Deno.test("deviceFinding() says who keeps svm and vmx back", () => {
  const remedy = (hypervisor: boolean): string =>
    deviceFinding(device, { ...cpu, hypervisor }, MISSING).remedy;
  assertStringIncludes(remedy(true), "before the host of this virtual machine");
  assertStringIncludes(remedy(false), "before the firmware");
});
