/**
 * The system fd: capabilities, CPUID, and the lists of MSRs.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { CAP, type CapName, IOCTL, Kvm, Msr, MsrRefusedError } from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";
import { reportsUnknownMsrs } from "../support/requirements.ts";

kvmTest("Kvm.apiVersion is 12, through either door", ({ kvm }) => {
  assertEquals(kvm.apiVersion, 12);
  assertEquals(kvm.raw(IOCTL.GET_API_VERSION), { result: 12, errno: 0 });
});

kvmTest("Kvm.checkExtension() knows what every KVM has, by name and by number", ({ kvm }) => {
  for (const name of ["USER_MEMORY", "IRQCHIP", "SET_TSS_ADDR"] satisfies CapName[]) {
    assert(kvm.checkExtension(name) > 0, name);
    assertEquals(kvm.checkExtension(CAP[name]), kvm.checkExtension(name));
  }
  assertEquals(kvm.checkExtension(0x7fff_0000), 0);
});

kvmTest("Kvm.checkExtension() gives more than a yes where the capability counts", ({ kvm }) => {
  assert(kvm.checkExtension("NR_MEMSLOTS") > 16);
  assert(kvm.checkExtension("MAX_VCPUS") >= kvm.checkExtension("NR_VCPUS"));
});

kvmTest("Vm.checkExtension() agrees with the system fd on what is no VM's choice", ({ kvm }) => {
  using vm = kvm.createVm();
  for (const name of ["USER_MEMORY", "X86_MSR_FILTER", "X86_USER_SPACE_MSR"] as const) {
    assertEquals(vm.checkExtension(name), kvm.checkExtension(name), name);
  }
});

kvmTest("Kvm.vcpuMmapSize is whole pages, with room for the data of port I/O", ({ kvm }) => {
  assertEquals(kvm.vcpuMmapSize % 4096, 0);
  assert(kvm.vcpuMmapSize >= 8192);
});

kvmTest("Kvm.supportedCpuid() has the leaves that every long-mode CPU has", ({ kvm }) => {
  const leaves = new Map(kvm.supportedCpuid().map((entry) => [entry.function, entry]));
  assert(leaves.get(0)!.eax >= 1);
  assert((leaves.get(1)!.edx >>> 5 & 1) === 1, "MSR");
  assert((leaves.get(0x8000_0001)!.edx >>> 29 & 1) === 1, "long mode");
  const vendor = Uint32Array.of(leaves.get(0)!.ebx, leaves.get(0)!.edx, leaves.get(0)!.ecx);
  assert(/^[A-Za-z ]+$/.test(new TextDecoder().decode(vendor)));
});

kvmTest("Kvm.supportedCpuid() asks the kernel once", ({ kvm }) => {
  assert(kvm.supportedCpuid() === kvm.supportedCpuid());
  using vm = kvm.createVm();
  assert(vm.supportedCpuid === kvm.supportedCpuid());
});

kvmTest("Kvm.emulatedCpuid() is shorter than what is supported", ({ kvm }) => {
  const emulated = kvm.emulatedCpuid();
  assert(emulated.length < kvm.supportedCpuid().length);
  assert(emulated.every((entry) => Number.isInteger(entry.function)));
});

kvmTest("Kvm.msrIndexList() holds the MSRs of SYSENTER, each index once", ({ kvm }) => {
  const list = kvm.msrIndexList();
  for (const index of [Msr.IA32_SYSENTER_CS, Msr.IA32_SYSENTER_ESP, Msr.IA32_SYSENTER_EIP]) {
    assert(list.includes(index));
  }
  assertEquals(new Set(list).size, list.length);
});

kvmTest("Kvm.featureMsrs() reads every MSR that the feature list names", ({ kvm }) => {
  const list = kvm.msrFeatureIndexList();
  assert(list.length > 0);
  const values = kvm.featureMsrs(list);
  assertEquals(values.length, list.length);
  assertEquals(kvm.featureMsrs([list.at(-1)!]), [values.at(-1)!]);
  assertEquals(kvm.featureMsrs([]), []);
});

kvmTest("Kvm.featureMsrs() names the first MSR that the kernel refuses", ({ kvm }) => {
  const [known] = kvm.msrFeatureIndexList();
  const indices = [known!, 0xdead_beef, known!, 0xdead_bee0];
  const error = assertThrows(() => kvm.featureMsrs(indices), MsrRefusedError);
  assertEquals([error.ioctl, error.index, error.count], ["KVM_GET_MSRS", 0xdead_beef, 1]);
}, { requires: [reportsUnknownMsrs] });

kvmTest("Kvm.open() takes any path that leads to the device", () => {
  using kvm = Kvm.open("/dev/../dev/kvm");
  assertEquals(kvm.apiVersion, 12);
});
