/**
 * L1 on SVM.
 *
 * @module
 */
import { Msr } from "../../kvm/abi/msr.ts";
import type { MsrAccessKind } from "../../kvm/msr_filter.ts";
import type { Vm } from "../../kvm/vm.ts";
import type { Assembly } from "../asm/mod.ts";
import { LAYOUT } from "../protocol.ts";
import { Hypervisor } from "./hypervisor.ts";
import { L1Memory } from "./l1_memory.ts";
import { msrpmBit, setMapBits } from "./msr_maps.ts";
import { svmCode } from "./svm_code.ts";
import {
  INTERCEPT_MISC_1,
  INTERCEPT_MISC_2,
  SVM_EXITCODE,
  VMCB,
  type VmcbFields,
  vmcbSegment,
  vmcbTable,
} from "./vmcb.ts";

const EFER_SVME = 1n << 12n;
const MSRPM_SIZE = 0x2000;
const DR6_RESET = 0xffff_0ff0n;
const DR7_RESET = 0x400n;
const PAT_RESET = 0x0007_0406_0007_0406n;

/**
 * A guest that becomes a hypervisor by VMRUN: it has a VMCB and an MSR
 * permission map, and no nested paging (APM volume 2, chapter 15).
 *
 * Needs `kvm_amd.nested`, and SVM in the CPUID that KVM supports. Lives as
 * long as its VM.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm, Msr, nestedKind, SvmHypervisor } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * if (nestedKind(vm) === "svm") {
 *   const l1 = SvmHypervisor.boot(vm);
 *   l1.intercept(Msr.STAR, "read");
 *   l1.answerReads(42n);
 *   l1.enter();
 *   const [read] = l1.session.walk([{ kind: "read", index: Msr.STAR }]);
 *   assertEquals(read?.value, 42n);
 * }
 * ```
 */
export class SvmHypervisor extends Hypervisor {
  /** L1's code. */
  protected override readonly code: Assembly;
  readonly #memory: L1Memory;

  private constructor(vm: Vm) {
    super(vm);
    this.#memory = new L1Memory(this.session);
    this.code = svmCode(this.session.base);
    vm.memory.write(this.code.base, this.code.bytes);
    this.#enableSvm();
    this.write(this.#likeL1());
  }

  /**
   * Gives `vm` a vCPU whose guest is ready to enter L2.
   *
   * @throws {KvmError} When the kernel refuses one of the steps.
   */
  static boot(vm: Vm): SvmHypervisor {
    return new SvmHypervisor(vm);
  }

  #enableSvm(): void {
    const { vcpu } = this.session;
    const sregs = vcpu.sregs();
    vcpu.setSregs({ ...sregs, efer: sregs.efer | EFER_SVME });
    vcpu.setMsrs([[Msr.VM_HSAVE_PA, BigInt(this.#memory.at("hostArea"))]]);
  }

  #likeL1(): Partial<VmcbFields> {
    const sregs = this.session.vcpu.sregs();
    return {
      INTERCEPT_MISC_1: INTERCEPT_MISC_1.MSR_PROT,
      INTERCEPT_MISC_2: INTERCEPT_MISC_2.VMRUN | INTERCEPT_MISC_2.VMMCALL,
      MSRPM_BASE_PA: BigInt(this.#memory.at("msrMap")),
      GUEST_ASID: 1,
      ES: vmcbSegment(sregs.es),
      CS: vmcbSegment(sregs.cs),
      SS: vmcbSegment(sregs.ss),
      DS: vmcbSegment(sregs.ds),
      GDTR: vmcbTable(sregs.gdt),
      IDTR: vmcbTable(sregs.idt),
      EFER: sregs.efer,
      CR0: sregs.cr0,
      CR3: sregs.cr3,
      CR4: sregs.cr4,
      DR6: DR6_RESET,
      DR7: DR7_RESET,
      RFLAGS: 2n,
      RSP: BigInt(this.session.base + LAYOUT.stackTop),
      G_PAT: PAT_RESET,
    };
  }

  get #block(): DataView {
    return this.#memory.view("controlBlock", VMCB.size);
  }

  /** Writes fields of the VMCB; they have effect from the next `enter()` on. */
  write(fields: Partial<VmcbFields>): void {
    VMCB.write(this.#block, fields);
  }

  /** The VMCB, as the last VM exit left it. */
  read(): VmcbFields {
    return VMCB.read(this.#block);
  }

  /**
   * Makes L1 intercept accesses of L2 to the MSR `index`, or leave them alone
   * again, by its permission map. It has effect from the next `enter()` on.
   */
  override intercept(index: number, kind: MsrAccessKind, on = true): void {
    const map = this.#memory.bytes("msrMap", MSRPM_SIZE);
    setMapBits(map, msrpmBit, index, kind, on);
  }

  /** Where L1 will run L2 from at the next entry. */
  protected override setL2Rip(rip: bigint): void {
    this.write({ RIP: rip });
  }

  /** Whether L1 saw L2's hypercall. */
  protected override isHypercall(): boolean {
    return this.read().EXITCODE === SVM_EXITCODE.VMMCALL;
  }

  /** The last VM exit that L1 took, in words. */
  protected override describeExit(): string {
    const { EXITCODE, EXITINFO1, RIP } = this.read();
    const hex = (value: bigint): string => `0x${value.toString(16)}`;
    return `#VMEXIT ${hex(EXITCODE)}, EXITINFO1 ${hex(EXITINFO1)} at RIP ${hex(RIP)}`;
  }
}
