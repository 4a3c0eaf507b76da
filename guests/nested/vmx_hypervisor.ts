/**
 * L1 on VMX.
 *
 * @module
 */
import { Msr } from "../../kvm/abi/msr.ts";
import type { MsrValue } from "../../kvm/msrs.ts";
import type { MsrAccessKind } from "../../kvm/msr_filter.ts";
import type { Vm } from "../../kvm/vm.ts";
import type { Assembly } from "../asm/mod.ts";
import { GuestAssertionError } from "../assertion_error.ts";
import { LAYOUT } from "../protocol.ts";
import { Hypervisor } from "./hypervisor.ts";
import { L1Memory } from "./l1_memory.ts";
import { NESTED_PORT } from "./layout.ts";
import { setMapBits, vmxMsrBitmapBit } from "./msr_maps.ts";
import { formatVmcsField, VMCS, type VmcsField, type VmcsFields, VMX_EXIT_REASON } from "./vmcs.ts";
import { END_OF_FIELDS, vmxCode } from "./vmx_code.ts";
import { vmxCapabilities } from "./vmx_controls.ts";
import {
  MSR_ENTRY_SIZE,
  MSR_LISTS,
  type MsrListName,
  readMsrList,
  writeMsrList,
} from "./vmx_msr_lists.ts";
import { guestState, hostState } from "./vmx_state.ts";

const CR4_VMXE = 1n << 13n;
const FEAT_CTL = { LOCKED: 1n, VMX_OUTSIDE_SMX: 1n << 2n } as const;
const MSR_BITMAPS_SIZE = 0x1000;
const PAGE_SIZE = 0x1000;

/** A VM exit as L1 finds it in its VMCS. */
export interface VmxExit {
  /** `EXIT_REASON`, with the flag of a failed VM entry. */
  readonly reason: number;
  /** `EXIT_QUALIFICATION`. */
  readonly qualification: bigint;
  /** `GUEST_RIP`. */
  readonly rip: bigint;
}

/**
 * A guest that becomes a hypervisor by VMXON: it has a VMCS that it fills by
 * VMWRITE, MSR bitmaps, and no EPT (SDM volume 3, chapters 24 to 28).
 *
 * Needs `kvm_intel.nested`, and VMX in the CPUID that KVM supports. Lives as
 * long as its VM.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm, Msr, nestedKind, VmxHypervisor } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * if (nestedKind(vm) === "vmx") {
 *   const l1 = VmxHypervisor.boot(vm);
 *   l1.setMsrList("entryLoad", [[Msr.STAR, 42n]]);
 *   l1.enter();
 *   const [read] = l1.session.walk([{ kind: "read", index: Msr.STAR }]);
 *   assertEquals(read?.value, 42n);
 * }
 * ```
 */
export class VmxHypervisor extends Hypervisor {
  /** L1's code. */
  protected override readonly code: Assembly;
  readonly #memory: L1Memory;
  readonly #fields = new Map<VmcsField, bigint>();
  #inVmxOperation = false;

  private constructor(vm: Vm) {
    super(vm);
    this.#memory = new L1Memory(this.session);
    this.code = vmxCode(this.session.base);
    vm.memory.write(this.code.base, this.code.bytes);
    this.#enableVmx();
    this.#prepare();
  }

  /**
   * Gives `vm` a vCPU whose guest is ready to enter L2.
   *
   * @throws {KvmError} When the kernel refuses one of the steps.
   */
  static boot(vm: Vm): VmxHypervisor {
    return new VmxHypervisor(vm);
  }

  #enableVmx(): void {
    const { vcpu } = this.session;
    vcpu.setMsrs([[Msr.IA32_FEAT_CTL, FEAT_CTL.LOCKED | FEAT_CTL.VMX_OUTSIDE_SMX]]);
    const sregs = vcpu.sregs();
    vcpu.setSregs({ ...sregs, cr4: sregs.cr4 | CR4_VMXE });
  }

  #prepare(): void {
    const { vcpu, base } = this.session;
    const { revision, controls } = vmxCapabilities(vcpu);
    for (const region of ["controlBlock", "hostArea"] as const) {
      this.#memory.view(region, PAGE_SIZE).setUint32(0, revision, true);
    }
    this.#memory.setCell("vmcsPointer", BigInt(this.#memory.at("controlBlock")));
    this.#memory.setCell("vmxonPointer", BigInt(this.#memory.at("hostArea")));
    const sregs = vcpu.sregs();
    const pat = vcpu.getMsr(Msr.IA32_PAT);
    this.write({
      ...controls,
      ...guestState(sregs, pat, base + LAYOUT.stackTop),
      ...hostState(sregs, pat, this.code.symbol("exited"), this.#memory.at("stackTop")),
      MSR_BITMAPS: BigInt(this.#memory.at("msrMap")),
    });
  }

  /** Fields for L1 to write at the next `enter()`. */
  write(fields: VmcsFields): void {
    for (const [name, value] of Object.entries(fields)) this.#fields.set(name as VmcsField, value);
  }

  /**
   * Sets one of the lists of MSRs: those loaded at VM entry, stored at VM exit, or
   * loaded at VM exit (SDM volume 3, sections 25.7.2 and 25.8.2), from the next `enter()` on.
   *
   * @throws {RangeError} When the entries do not fit on a page.
   */
  setMsrList(name: MsrListName, entries: readonly MsrValue[]): void {
    const { address, count } = MSR_LISTS[name];
    writeMsrList(this.session.vm.memory, this.#memory.at(name), entries);
    this.write({ [address]: BigInt(this.#memory.at(name)), [count]: BigInt(entries.length) });
  }

  /** The first `count` entries of one of the lists, as VM exits left them. */
  msrList(name: MsrListName, count: number): MsrValue[] {
    const bytes = this.#memory.view(name, count * MSR_ENTRY_SIZE);
    return readMsrList(bytes, count);
  }

  /** The last VM exit that L1 took. */
  get lastExit(): VmxExit {
    return {
      reason: Number(this.#memory.cell("exitReason")),
      qualification: this.#memory.cell("exitQualification"),
      rip: this.#memory.cell("exitRip"),
    };
  }

  /**
   * Lets L1 try to enter L2.
   *
   * @returns The VM exit that L1 took instead, when the entry failed.
   * @throws {GuestAssertionError} When one of L1's VMX instructions fails, or an exit to user
   * space comes that is none of L1's.
   */
  tryEnter(): VmxExit | undefined {
    const port = this.enterFrom(this.#inVmxOperation ? "enter" : "start");
    if (port === NESTED_PORT.failed) {
      throw new GuestAssertionError(this.session, "L1 to enter L2", this.#describeFailure());
    }
    this.#inVmxOperation = true;
    return port === NESTED_PORT.entered ? undefined : this.lastExit;
  }

  /**
   * Lets L1 enter L2. What the guest does after that it does in L2, until `leave()`.
   *
   * @throws {GuestAssertionError} When the entry fails, or one of L1's VMX instructions.
   */
  override enter(): void {
    if (this.tryEnter() === undefined) return;
    throw new GuestAssertionError(this.session, "L1 to enter L2", this.describeExit());
  }

  #listFields(): void {
    const entries = [...this.#fields];
    const view = this.#memory.view("fields", (entries.length + 1) * 16);
    entries.forEach(([name, value], i) => {
      view.setBigUint64(i * 16, BigInt(VMCS[name]), true);
      view.setBigUint64(i * 16 + 8, value, true);
    });
    view.setBigUint64(entries.length * 16, END_OF_FIELDS, true);
    this.#fields.clear();
  }

  /**
   * Makes L1 intercept accesses of L2 to the MSR `index`, or leave them alone
   * again, by its MSR bitmaps. It has effect from the next `enter()` on.
   */
  override intercept(index: number, kind: MsrAccessKind, on = true): void {
    const map = this.#memory.bytes("msrMap", MSR_BITMAPS_SIZE);
    setMapBits(map, vmxMsrBitmapBit, index, kind, on);
  }

  /** Where L1 will run L2 from at the next entry. */
  protected override setL2Rip(rip: bigint): void {
    this.write({ GUEST_RIP: rip });
    this.#listFields();
  }

  /** Whether L1 saw L2's hypercall. */
  protected override isHypercall(): boolean {
    return this.lastExit.reason === VMX_EXIT_REASON.VMCALL;
  }

  /** The last VM exit that L1 took, in words. */
  protected override describeExit(): string {
    const { reason, qualification, rip } = this.lastExit;
    return `VM exit 0x${reason.toString(16)}, qualification 0x${qualification.toString(16)} ` +
      `at RIP 0x${rip.toString(16)}`;
  }

  #describeFailure(): string {
    const field = Number(this.#memory.cell("failedField"));
    return `VM-instruction error ${this.#memory.cell("instructionError")}` +
      (field === 0 ? "" : `, VMWRITE of ${formatVmcsField(field)}`);
  }
}
