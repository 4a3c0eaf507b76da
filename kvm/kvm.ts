/**
 * The system fd, `/dev/kvm`.
 *
 * @module
 */
import { CAP, type CapName } from "./abi/cap.ts";
import { ERRNO, errnoName } from "./abi/errno.ts";
import { IOCTL } from "./abi/ioctls.ts";
import { POSIX } from "./abi/posix.ts";
import {
  cpuidBuffer,
  type CpuidEntry,
  decodeCpuid,
  freezeCpuid,
  MAX_CPUID_ENTRIES,
} from "./cpuid.ts";
import { KvmError, MsrRefusedError } from "./errors.ts";
import { Handle } from "./handle.ts";
import { decodeMsrList, decodeMsrs, encodeMsrs, msrListBuffer } from "./msrs.ts";
import { openFd } from "./sys/fd.ts";
import { apiVersionError, KVM_API_VERSION, notKvmError, openError } from "./unavailable.ts";
import { Vm } from "./vm.ts";

/**
 * The KVM of this host.
 *
 * Lives until it is closed; VMs made from it live on without it.
 * Source: api.rst section 4, system ioctls.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * assertEquals(kvm.apiVersion, 12);
 * assertEquals(kvm.checkExtension("X86_MSR_FILTER"), 1);
 * ```
 */
export class Kvm extends Handle {
  /** What the messages call this object. */
  protected override readonly kind: string = "KVM device";
  #supportedCpuid: readonly CpuidEntry[] | undefined;
  #vcpuMmapSize: number | undefined;

  /**
   * Opens the KVM device at `path`.
   *
   * @throws {KvmUnavailableError} When the device is missing, not permitted,
   * not KVM, or speaks another API version; the message has the remedy.
   */
  static open(path = "/dev/kvm"): Kvm {
    const fd = openFd(path, POSIX.O_RDWR | POSIX.O_CLOEXEC);
    if (fd < 0) throw openError(path, -fd);
    const kvm = new Kvm(fd);
    const { result, errno } = kvm.raw(IOCTL.GET_API_VERSION);
    if (result === KVM_API_VERSION) return kvm;
    kvm.close();
    throw result === -1
      ? notKvmError(path, `KVM_GET_API_VERSION gave ${errnoName(errno)}`)
      : apiVersionError(path, result);
  }

  /** `KVM_GET_API_VERSION`: 12 on every kernel since 2.6.22 (api.rst 4.1). */
  get apiVersion(): number {
    return this.call(IOCTL.GET_API_VERSION);
  }

  /**
   * `KVM_CHECK_EXTENSION` on the system fd (api.rst 4.4): 0 when the
   * capability is missing, else 1 or what the capability defines.
   */
  checkExtension(cap: CapName | number): number {
    return this.call(IOCTL.CHECK_EXTENSION, typeof cap === "number" ? cap : CAP[cap]);
  }

  /** `KVM_GET_VCPU_MMAP_SIZE` (api.rst 4.5): bytes of a vCPU's shared region. */
  get vcpuMmapSize(): number {
    this.assertOpen("call KVM_GET_VCPU_MMAP_SIZE");
    return this.#vcpuMmapSize ??= this.call(IOCTL.GET_VCPU_MMAP_SIZE);
  }

  /**
   * `KVM_GET_SUPPORTED_CPUID` (api.rst 4.46): what this host can offer a
   * guest. Asked once and kept, as a VMM does.
   */
  supportedCpuid(): readonly CpuidEntry[] {
    this.assertOpen("call KVM_GET_SUPPORTED_CPUID");
    if (this.#supportedCpuid === undefined) {
      const buffer = cpuidBuffer(MAX_CPUID_ENTRIES);
      this.call(IOCTL.GET_SUPPORTED_CPUID, buffer);
      this.#supportedCpuid = freezeCpuid(decodeCpuid(buffer));
    }
    return this.#supportedCpuid;
  }

  /** `KVM_GET_EMULATED_CPUID` (api.rst 4.88): what KVM emulates in software. */
  emulatedCpuid(): CpuidEntry[] {
    const buffer = cpuidBuffer(MAX_CPUID_ENTRIES);
    this.call(IOCTL.GET_EMULATED_CPUID, buffer);
    return decodeCpuid(buffer);
  }

  /** `KVM_GET_MSR_INDEX_LIST` (api.rst 4.3): the MSRs to save and restore. */
  msrIndexList(): number[] {
    return this.#indexList(IOCTL.GET_MSR_INDEX_LIST);
  }

  /** `KVM_GET_MSR_FEATURE_INDEX_LIST` (api.rst 4.3): the MSRs that describe features. */
  msrFeatureIndexList(): number[] {
    return this.#indexList(IOCTL.GET_MSR_FEATURE_INDEX_LIST);
  }

  #indexList(
    ioctl: typeof IOCTL.GET_MSR_INDEX_LIST | typeof IOCTL.GET_MSR_FEATURE_INDEX_LIST,
  ): number[] {
    // With no room the kernel refuses (E2BIG) and says how many there are.
    const head = msrListBuffer(0);
    const { result, errno } = this.raw(ioctl, head);
    if (result === -1 && errno !== ERRNO.E2BIG) throw new KvmError(ioctl.name, errno);
    const buffer = msrListBuffer(new DataView(head.buffer).getUint32(0, true));
    this.call(ioctl, buffer);
    return decodeMsrList(buffer);
  }

  /**
   * `KVM_GET_MSRS` on the system fd (api.rst 4.18): the values of feature MSRs.
   *
   * @throws {MsrRefusedError} When the kernel refuses one of them.
   */
  featureMsrs(indices: readonly number[]): bigint[] {
    const buffer = encodeMsrs(indices.map((index) => [index, 0n]));
    const count = this.call(IOCTL.GET_MSRS, buffer);
    if (count < indices.length) {
      throw new MsrRefusedError(IOCTL.GET_MSRS.name, indices[count]!, count, indices.length);
    }
    return decodeMsrs(buffer);
  }

  /**
   * `KVM_CREATE_VM` (api.rst 4.2): a VM without memory and without vCPUs.
   *
   * @throws {KvmError} When the kernel refuses it.
   */
  createVm(): Vm {
    // What the VM needs later is asked for now: it may outlive this object.
    const { vcpuMmapSize } = this;
    const supportedCpuid = this.supportedCpuid();
    // A signal interrupts it while it takes all locks of the process' memory.
    let { result, errno } = this.raw(IOCTL.CREATE_VM);
    while (errno === ERRNO.EINTR) ({ result, errno } = this.raw(IOCTL.CREATE_VM));
    if (result === -1) throw new KvmError(IOCTL.CREATE_VM.name, errno);
    return new Vm(result, vcpuMmapSize, supportedCpuid);
  }
}
