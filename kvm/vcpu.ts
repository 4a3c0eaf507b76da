/**
 * The vCPU fd.
 *
 * @module
 */
import { CAP, type CapName } from "./abi/cap.ts";
import type { Ioctl } from "./abi/ioctl.ts";
import { IOCTL } from "./abi/ioctls.ts";
import { KVM_REGS, KVM_SREGS, type Regs, type Sregs } from "./abi/regs.ts";
import type { Struct, Values } from "./abi/struct.ts";
import {
  type DebugRegs,
  KVM_DEBUGREGS,
  KVM_GUEST_DEBUG,
  KVM_GUESTDBG_ENABLE,
  KVM_GUESTDBG_SINGLESTEP,
  KVM_INTERRUPT,
  KVM_MP_STATE,
  KVM_MP_STATE_NAMES,
  KVM_VCPU_EVENTS,
  type MpState,
  type VcpuEvents,
} from "./abi/vcpu_state.ts";
import {
  cpuidBuffer,
  type CpuidEntry,
  decodeCpuid,
  encodeCpuid,
  MAX_CPUID_ENTRIES,
} from "./cpuid.ts";
import { encodeRawEnableCap } from "./enable_cap.ts";
import { enter, type Enterable, type RunOptions } from "./entry.ts";
import { MsrRefusedError } from "./errors.ts";
import type { Exit } from "./exit.ts";
import { Handle } from "./handle.ts";
import { decodeMsrs, encodeMsrs, type MsrValue } from "./msrs.ts";
import { RunPage } from "./run_page.ts";
import { readStats, type Stats } from "./stats.ts";
import { SyncRegs } from "./sync_regs.ts";
import { closeFd } from "./sys/fd.ts";
import { Mapping } from "./sys/mapping.ts";
import { Watchdog } from "./sys/watchdog.ts";

export type { Dtable, Regs, Segment, Sregs } from "./abi/regs.ts";
export type { DebugRegs, MpState, VcpuEvents } from "./abi/vcpu_state.ts";
export type { RunOptions } from "./entry.ts";

/**
 * A virtual CPU. Use it on the thread that made it; a `VcpuThread` runs it on another.
 *
 * Lives until it, or its VM, is closed. Source: api.rst section 4, vCPU ioctls.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const vcpu = vm.createVcpu();
 * vcpu.setRegs({ ...vcpu.regs(), rax: 7n });
 * assertEquals(vcpu.regs().rax, 7n);
 * ```
 */
export class Vcpu extends Handle {
  /** What the messages call this object. */
  protected override readonly kind: string = "vCPU";
  /** The vCPU id. */
  readonly id: number;
  /** `KVM_CAP_SYNC_REGS`: registers through `kvm_run`. */
  readonly syncRegs: SyncRegs;
  /** @internal For the thread that runs it. */
  readonly page: RunPage;
  #entry: Enterable | undefined;

  /** Made by `Vm.createVcpu()`; takes over `fd` and `page`. */
  constructor(fd: number, id: number, page: RunPage) {
    super(fd, () => page.obstacle());
    this.id = id;
    this.page = page;
    this.syncRegs = new SyncRegs(page);
  }

  /** Maps the shared region of `fd`; `fd` is closed when that fails. Made by `Vm.createVcpu()`. */
  static takeOver(fd: number, id: number, mmapSize: number): Vcpu {
    try {
      return new Vcpu(fd, id, new RunPage(Mapping.ofFd(fd, mmapSize)));
    } catch (error) {
      closeFd(fd);
      throw error;
    }
  }

  /**
   * `struct kvm_run` itself, for what must be seen or set byte by byte; it is
   * the raw door's other half.
   *
   * @throws {ClosedError} When the vCPU is closed.
   */
  get kvmRun(): DataView<ArrayBuffer> {
    return this.page.view;
  }

  /**
   * `KVM_RUN` (api.rst 4.10): enters the guest, and decodes why it came back.
   *
   * @throws {RangeError} When the deadline is not a positive number.
   * @throws {DeadlineError} When the guest is still running at the deadline.
   * @throws {KvmError} When the kernel refuses the run.
   */
  run(options?: RunOptions): Exit {
    this.assertOpen("call KVM_RUN");
    return enter(this.#entry ??= this.#makeEnterable(), options);
  }

  #makeEnterable(): Enterable {
    const watchdog = Watchdog.ofThisThread();
    this.call(IOCTL.SET_SIGNAL_MASK, watchdog.runMask);
    return {
      fd: this.fd,
      page: this.page,
      watchdog,
      rip: () => this.regs().rip,
      waitsForSipi: () => this.mpState() === "UNINITIALIZED",
    };
  }

  #get<F>(request: Ioctl, struct: Struct<F>): Values<F> {
    const buffer = new Uint8Array(struct.size);
    this.call(request, buffer);
    return struct.read(new DataView(buffer.buffer));
  }

  /** `KVM_GET_REGS` (api.rst 4.11). */
  regs(): Regs {
    return this.#get(IOCTL.GET_REGS, KVM_REGS);
  }

  /** `KVM_SET_REGS` (api.rst 4.12): registers left out become zero. */
  setRegs(regs: Partial<Regs>): void {
    this.call(IOCTL.SET_REGS, KVM_REGS.encode(regs));
  }

  /** `KVM_GET_SREGS` (api.rst 4.13). */
  sregs(): Sregs {
    return this.#get(IOCTL.GET_SREGS, KVM_SREGS);
  }

  /**
   * `KVM_SET_SREGS` (api.rst 4.14). Set CPUID first: newer kernels refuse long
   * mode on a vCPU whose CPUID does not have it.
   */
  setSregs(sregs: Sregs): void {
    this.call(IOCTL.SET_SREGS, KVM_SREGS.encode(sregs));
  }

  /** `KVM_GET_CPUID2`: the vCPU's CPUID entries. */
  cpuid(): CpuidEntry[] {
    const buffer = cpuidBuffer(MAX_CPUID_ENTRIES);
    this.call(IOCTL.GET_CPUID2, buffer);
    return decodeCpuid(buffer);
  }

  /** `KVM_SET_CPUID2` (api.rst 4.20): before the first run. */
  setCpuid(entries: readonly CpuidEntry[]): void {
    this.call(IOCTL.SET_CPUID2, encodeCpuid(entries));
  }

  /**
   * `KVM_GET_MSRS` (api.rst 4.18): values in the order of `indices`.
   *
   * @throws {MsrRefusedError} When the kernel stopped early; it names the index.
   */
  getMsrs(indices: readonly number[]): bigint[] {
    const buffer = encodeMsrs(indices.map((index) => [index, 0n]));
    this.#checkCount(IOCTL.GET_MSRS, buffer, indices);
    return decodeMsrs(buffer);
  }

  /** The value of one MSR, by `KVM_GET_MSRS`. */
  getMsr(index: number): bigint {
    return this.getMsrs([index])[0]!;
  }

  /**
   * `KVM_SET_MSRS` (api.rst 4.19).
   *
   * @throws {MsrRefusedError} When the kernel stopped early; it names the index.
   */
  setMsrs(entries: readonly MsrValue[]): void {
    this.#checkCount(IOCTL.SET_MSRS, encodeMsrs(entries), entries.map(([index]) => index));
  }

  #checkCount(request: Ioctl, buffer: Uint8Array<ArrayBuffer>, indices: readonly number[]): void {
    const count = this.call(request, buffer);
    const refused = indices[count];
    if (refused !== undefined) {
      throw new MsrRefusedError(request.name, refused, count, indices.length);
    }
  }

  /** `KVM_GET_VCPU_EVENTS` (api.rst 4.31). */
  events(): VcpuEvents {
    return this.#get(IOCTL.GET_VCPU_EVENTS, KVM_VCPU_EVENTS);
  }

  /** `KVM_SET_VCPU_EVENTS` (api.rst 4.32). */
  setEvents(events: Partial<VcpuEvents>): void {
    this.call(IOCTL.SET_VCPU_EVENTS, KVM_VCPU_EVENTS.encode(events));
  }

  /**
   * `KVM_GET_MP_STATE` (api.rst 4.38).
   *
   * @throws {RangeError} When the kernel gives a state that x86 does not have.
   */
  mpState(): MpState {
    const { mp_state } = this.#get(IOCTL.GET_MP_STATE, KVM_MP_STATE);
    const name = KVM_MP_STATE_NAMES[mp_state];
    if (name === undefined) throw new RangeError(`Cannot name the MP state ${mp_state}`);
    return name;
  }

  /** `KVM_SET_MP_STATE` (api.rst 4.39); all but RUNNABLE need the in-kernel irqchip. */
  setMpState(state: MpState): void {
    const mp_state = KVM_MP_STATE_NAMES.indexOf(state);
    this.call(IOCTL.SET_MP_STATE, KVM_MP_STATE.encode({ mp_state }));
  }

  /** `KVM_GET_DEBUGREGS` (api.rst 4.33). */
  debugRegs(): DebugRegs {
    return this.#get(IOCTL.GET_DEBUGREGS, KVM_DEBUGREGS);
  }

  /** `KVM_SET_DEBUGREGS` (api.rst 4.34). */
  setDebugRegs(regs: Partial<DebugRegs>): void {
    this.call(IOCTL.SET_DEBUGREGS, KVM_DEBUGREGS.encode(regs));
  }

  /** `KVM_GET_LAPIC` (api.rst 4.57): the 1024 bytes of the register page; needs the irqchip. */
  lapic(): Uint8Array<ArrayBuffer> {
    const regs = new Uint8Array(1024);
    this.call(IOCTL.GET_LAPIC, regs);
    return regs;
  }

  /**
   * `KVM_SET_LAPIC` (api.rst 4.58).
   *
   * @throws {RangeError} When `regs` are not 1024 bytes.
   */
  setLapic(regs: Uint8Array<ArrayBuffer>): void {
    if (regs.length !== 1024) {
      throw new RangeError(`Cannot set the LAPIC: ${regs.length} bytes, the page has 1024`);
    }
    this.call(IOCTL.SET_LAPIC, regs);
  }

  /** `KVM_SET_GUEST_DEBUG` (api.rst 4.87): one instruction a run, each ends in a DEBUG exit. */
  setSingleStep(on: boolean): void {
    this.setGuestDebug(on ? KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP : 0);
  }

  /** `KVM_SET_GUEST_DEBUG` (api.rst 4.87) with any `KVM_GUESTDBG_*` flags and DR0 to DR7. */
  setGuestDebug(control: number, debugregs: readonly bigint[] = []): void {
    const argument = KVM_GUEST_DEBUG.encode({ control, "arch.debugreg": debugregs });
    this.call(IOCTL.SET_GUEST_DEBUG, argument);
  }

  /** `KVM_INTERRUPT` (api.rst 4.16): queues a vector; for a vCPU without in-kernel irqchip. */
  interrupt(vector: number): void {
    this.call(IOCTL.INTERRUPT, KVM_INTERRUPT.encode({ irq: vector }));
  }

  /** `KVM_NMI` (api.rst 4.64): queues an NMI. */
  nmi(): void {
    this.call(IOCTL.NMI);
  }

  /** `KVM_ENABLE_CAP` on the vCPU fd (api.rst 4.37). */
  enableCap(cap: CapName | number, args: readonly bigint[] = [], flags = 0): void {
    const number = typeof cap === "number" ? cap : CAP[cap];
    this.call(
      IOCTL.ENABLE_CAP,
      encodeRawEnableCap({ cap: number, flags, args }),
      `KVM_CAP_${cap}`,
    );
  }

  /** The vCPU's binary statistics (api.rst 4.133 `KVM_GET_STATS_FD`), by name. */
  stats(): Stats {
    return readStats(this.call(IOCTL.GET_STATS_FD));
  }

  /** Unmaps `kvm_run` and closes the fd. Safe to call twice. */
  override close(): void {
    this.page.close();
    super.close();
  }
}
