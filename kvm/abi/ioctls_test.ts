import { assertEquals } from "@std/assert";
import { IOCTL } from "./ioctls.ts";

/** The numbers that the kernel takes on x86-64. */
const NUMBERS = {
  KVM_GET_API_VERSION: 0xae00,
  KVM_CREATE_VM: 0xae01,
  KVM_GET_MSR_INDEX_LIST: 0xc004ae02,
  KVM_CHECK_EXTENSION: 0xae03,
  KVM_GET_VCPU_MMAP_SIZE: 0xae04,
  KVM_GET_SUPPORTED_CPUID: 0xc008ae05,
  KVM_GET_EMULATED_CPUID: 0xc008ae09,
  KVM_GET_MSR_FEATURE_INDEX_LIST: 0xc004ae0a,
  KVM_CREATE_VCPU: 0xae41,
  KVM_SET_USER_MEMORY_REGION: 0x4020ae46,
  KVM_SET_TSS_ADDR: 0xae47,
  KVM_SET_IDENTITY_MAP_ADDR: 0x4008ae48,
  KVM_CREATE_IRQCHIP: 0xae60,
  KVM_IRQ_LINE: 0x4008ae61,
  KVM_CREATE_PIT2: 0x4040ae77,
  KVM_XEN_HVM_CONFIG: 0x4038ae7a,
  KVM_RUN: 0xae80,
  KVM_GET_REGS: 0x8090ae81,
  KVM_SET_REGS: 0x4090ae82,
  KVM_GET_SREGS: 0x8138ae83,
  KVM_SET_SREGS: 0x4138ae84,
  KVM_INTERRUPT: 0x4004ae86,
  KVM_GET_MSRS: 0xc008ae88,
  KVM_SET_MSRS: 0x4008ae89,
  KVM_SET_SIGNAL_MASK: 0x4004ae8b,
  KVM_GET_LAPIC: 0x8400ae8e,
  KVM_SET_LAPIC: 0x4400ae8f,
  KVM_SET_CPUID2: 0x4008ae90,
  KVM_GET_CPUID2: 0xc008ae91,
  KVM_GET_MP_STATE: 0x8004ae98,
  KVM_SET_MP_STATE: 0x4004ae99,
  KVM_NMI: 0xae9a,
  KVM_SET_GUEST_DEBUG: 0x4048ae9b,
  KVM_GET_VCPU_EVENTS: 0x8040ae9f,
  KVM_SET_VCPU_EVENTS: 0x4040aea0,
  KVM_GET_DEBUGREGS: 0x8080aea1,
  KVM_SET_DEBUGREGS: 0x4080aea2,
  KVM_ENABLE_CAP: 0x4068aea3,
  KVM_SMI: 0xaeb7,
  KVM_X86_SET_MSR_FILTER: 0x4188aec6,
  KVM_GET_STATS_FD: 0xaece,
};

Deno.test("IOCTL has the number of every ioctl", () => {
  const declared = Object.values(IOCTL).map(({ name, request }) => [name, request]);
  assertEquals(Object.fromEntries(declared), NUMBERS);
});

Deno.test("IOCTL names every ioctl after its key", () => {
  for (const [key, { name }] of Object.entries(IOCTL)) assertEquals(name, `KVM_${key}`);
});

Deno.test("IOCTL gives every ioctl the size that its number carries", () => {
  for (const { name, request, size } of Object.values(IOCTL)) {
    assertEquals((request >>> 16) & 0x3fff, size, name);
  }
});

Deno.test("IOCTL names the two kinds of fd of the ioctls that take either", () => {
  const either = Object.values(IOCTL).filter(({ on }) => on.length > 1);
  assertEquals(Object.fromEntries(either.map(({ name, on }) => [name, on])), {
    KVM_CHECK_EXTENSION: ["system", "vm"],
    KVM_GET_MSRS: ["system", "vcpu"],
    KVM_ENABLE_CAP: ["vm", "vcpu"],
    KVM_GET_STATS_FD: ["vm", "vcpu"],
  });
});
