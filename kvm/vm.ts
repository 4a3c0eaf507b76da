/**
 * The VM fd.
 *
 * @module
 */
import { CAP, type CapName } from "./abi/cap.ts";
import { IOCTL } from "./abi/ioctls.ts";
import {
  KVM_IRQ_LEVEL,
  KVM_MEM_READONLY,
  KVM_PIT_CONFIG,
  KVM_USERSPACE_MEMORY_REGION,
} from "./abi/vm_config.ts";
import type { CpuidEntry } from "./cpuid.ts";
import { encodeRawEnableCap } from "./enable_cap.ts";
import { GuestMemory } from "./guest_memory.ts";
import { Handle } from "./handle.ts";
import { MsrFilter, type MsrFilterSpec } from "./msr_filter.ts";
import { type MsrExitReason, msrExitReasonMask } from "./msr_exit_reason.ts";
import { readStats, type Stats } from "./stats.ts";
import { Vcpu } from "./vcpu.ts";

/**
 * A virtual machine. Closing it closes its vCPUs and gives its memory back.
 *
 * Source: api.rst section 4, VM ioctls.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm, Msr } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.memory.add({ slot: 0, gpa: 0, size: 0x10000 });
 * vm.enableUserSpaceMsr(["filter"]);
 * vm.setMsrFilter({
 *   default: "allow",
 *   ranges: [{ base: Msr.IA32_SYSENTER_CS, count: 1, deny: "read" }],
 * });
 * assertEquals(vm.memory.slots.length, 1);
 * ```
 */
export class Vm extends Handle {
  /** What the messages call this object. */
  protected override readonly kind: string = "VM";
  /** The guest-physical memory. */
  readonly memory: GuestMemory;
  /** The CPUID entries that the KVM of this VM supports; a new vCPU has none. */
  readonly supportedCpuid: readonly CpuidEntry[];
  readonly #vcpuMmapSize: number;
  readonly #vcpus: Vcpu[] = [];

  /** Made by {@linkcode Kvm.createVm}; takes over `fd`. */
  constructor(fd: number, vcpuMmapSize: number, supportedCpuid: readonly CpuidEntry[]) {
    super(fd);
    this.#vcpuMmapSize = vcpuMmapSize;
    this.supportedCpuid = supportedCpuid;
    this.memory = new GuestMemory(({ slot, gpa, size, readonly }, address) => {
      const region = KVM_USERSPACE_MEMORY_REGION.encode({
        slot,
        flags: readonly ? KVM_MEM_READONLY : 0,
        guest_phys_addr: BigInt(gpa),
        memory_size: BigInt(size),
        userspace_addr: address,
      });
      const detail = `slot ${slot}, ${size} bytes at GPA 0x${gpa.toString(16)}`;
      this.call(IOCTL.SET_USER_MEMORY_REGION, region, detail);
    });
  }

  /** The vCPUs made so far. */
  get vcpus(): readonly Vcpu[] {
    return this.#vcpus;
  }

  /** `KVM_CHECK_EXTENSION` on the VM fd (api.rst 4.4). */
  checkExtension(cap: CapName | number): number {
    return this.call(IOCTL.CHECK_EXTENSION, typeof cap === "number" ? cap : CAP[cap]);
  }

  /**
   * `KVM_ENABLE_CAP` on the VM fd (api.rst 4.37).
   *
   * @param cap The capability, by name or number.
   * @param args Up to four 64-bit arguments, as the capability defines them.
   * @throws {KvmError} When the kernel refuses it.
   */
  enableCap(cap: CapName | number, args: readonly bigint[] = [], flags = 0): void {
    const number = typeof cap === "number" ? cap : CAP[cap];
    this.call(
      IOCTL.ENABLE_CAP,
      encodeRawEnableCap({ cap: number, flags, args }),
      `KVM_CAP_${cap}`,
    );
  }

  /**
   * Enables `KVM_CAP_X86_USER_SPACE_MSR` (api.rst 7.21): accesses that fail
   * for one of `reasons` exit to user space instead of raising #GP. An empty
   * list turns it off.
   *
   * @throws {KvmError} When the kernel refuses it.
   */
  enableUserSpaceMsr(reasons: readonly MsrExitReason[]): void {
    this.enableCap("X86_USER_SPACE_MSR", [BigInt(msrExitReasonMask(reasons))]);
  }

  /**
   * `KVM_X86_SET_MSR_FILTER` (api.rst 4.97): replaces the whole filter of this VM.
   *
   * @throws {RangeError | TypeError} When the filter is not one: see {@linkcode MsrFilter}.
   * @throws {KvmError} When the kernel refuses it; the previous filter stays.
   */
  setMsrFilter(filter: MsrFilter | MsrFilterSpec): void {
    const value = filter instanceof MsrFilter ? filter : new MsrFilter(filter);
    const { bytes } = value.encode();
    this.call(IOCTL.X86_SET_MSR_FILTER, bytes, value.toString());
  }

  /**
   * `KVM_SET_TSS_ADDR` (api.rst 4.36): three pages of guest-physical space
   * that VMX needs for a guest in real mode.
   */
  setTssAddress(gpa: number): void {
    this.call(IOCTL.SET_TSS_ADDR, gpa);
  }

  /** `KVM_SET_IDENTITY_MAP_ADDR` (api.rst 4.41): the page of VMX's identity map. */
  setIdentityMapAddress(gpa: number): void {
    this.call(IOCTL.SET_IDENTITY_MAP_ADDR, BigUint64Array.of(BigInt(gpa)));
  }

  /** `KVM_CREATE_IRQCHIP` (api.rst 4.24): PIC, IOAPIC, and a local APIC in each later vCPU. */
  createIrqchip(): void {
    this.call(IOCTL.CREATE_IRQCHIP);
  }

  /** `KVM_CREATE_PIT2` (api.rst 4.71): an i8254; needs the irqchip. */
  createPit(flags = 0): void {
    this.call(IOCTL.CREATE_PIT2, KVM_PIT_CONFIG.encode({ flags }));
  }

  /** `KVM_IRQ_LINE` (api.rst 4.25): raises or lowers an input of the in-kernel irqchip. */
  setIrqLine(irq: number, high: boolean): void {
    this.call(IOCTL.IRQ_LINE, KVM_IRQ_LEVEL.encode({ irq, level: high ? 1 : 0 }));
  }

  /**
   * `KVM_CREATE_VCPU` (api.rst 4.7).
   *
   * @param id The vCPU id, which is its APIC id.
   * @throws {KvmError} When the kernel refuses it.
   */
  createVcpu(id: number = this.#vcpus.length): Vcpu {
    const vcpu = Vcpu.takeOver(this.call(IOCTL.CREATE_VCPU, id), id, this.#vcpuMmapSize);
    this.#vcpus.push(vcpu);
    return vcpu;
  }

  /** The VM's binary statistics (api.rst 4.133 `KVM_GET_STATS_FD`), by name. */
  stats(): Stats {
    return readStats(this.call(IOCTL.GET_STATS_FD));
  }

  /** Closes the vCPUs, gives the memory back and closes the fd. Safe to call twice. */
  override close(): void {
    for (const vcpu of this.#vcpus) vcpu.close();
    this.memory.close();
    super.close();
  }
}
