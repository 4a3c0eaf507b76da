/**
 * Putting a vCPU into the state that a guest starts in.
 *
 * @module
 */
import type { Sregs, Vcpu } from "../../kvm/vcpu.ts";
import type { Vm } from "../../kvm/vm.ts";
import { LAYOUT } from "../protocol.ts";
import { GDT_SIZE, SEGMENT, taskRegister, writeGdt } from "./descriptors.ts";
import { gateTable, stubGates } from "./interrupts.ts";
import type { GuestMode } from "./mode.ts";
import { writePageTables } from "./paging.ts";
import { stubs } from "./stubs.ts";

const CR0 = { PE: 1n, MP: 1n << 1n, ET: 1n << 4n, NE: 1n << 5n, PG: 1n << 31n } as const;
const CR4 = { PAE: 1n << 5n, OSFXSR: 1n << 9n } as const;
const EFER = { LME: 1n << 8n, LMA: 1n << 10n } as const;
const RFLAGS = { reserved: 2n, IOPL3: 3n << 12n } as const;

// Where VMX keeps what it needs to run real mode; the kernel's usual place.
const TSS_ADDRESS = 0xfffb_d000;

/** Writes into the window at `base` what a guest of `mode` needs beside its program. */
export function writeWindow(vm: Vm, mode: GuestMode, base: number): void {
  const { memory } = vm;
  const code = stubs(mode, base);
  memory.write(code.base, code.bytes);
  memory.write(base + gateTable(mode).offset, stubGates(mode, base));
  if (mode === "real") {
    vm.setTssAddress(TSS_ADDRESS);
    return;
  }
  writeGdt(memory.view(base + LAYOUT.gdt, GDT_SIZE), base);
  // RSP0 of a 64-bit TSS; a 32-bit guest here never changes rings.
  memory.view(base + LAYOUT.tss + 4, 8)
    .setBigUint64(0, BigInt(base + LAYOUT.faultStackTop), true);
  if (mode !== "protected") writePageTables(memory, base);
}

function realMode(sregs: Sregs): Sregs {
  const flat = (segment: Sregs["cs"]): Sregs["cs"] => ({ ...segment, base: 0n, selector: 0 });
  return { ...sregs, cs: flat(sregs.cs), ss: flat(sregs.ss), ds: flat(sregs.ds) };
}

function withTables(sregs: Sregs, mode: GuestMode, base: number): Sregs {
  const table = gateTable(mode);
  return {
    ...sregs,
    gdt: { base: BigInt(base + LAYOUT.gdt), limit: GDT_SIZE - 1 },
    idt: { base: BigInt(base + table.offset), limit: table.size - 1 },
    tr: taskRegister(base),
  };
}

function withSegments(sregs: Sregs, code: Sregs["cs"], data: Sregs["ds"]): Sregs {
  return { ...sregs, cs: code, ds: data, es: data, fs: data, gs: data, ss: data };
}

function protectedMode(sregs: Sregs, base: number): Sregs {
  return {
    ...withSegments(withTables(sregs, "protected", base), SEGMENT.code32, SEGMENT.data),
    cr0: CR0.PE | CR0.MP | CR0.ET | CR0.NE,
  };
}

function longMode(sregs: Sregs, mode: "long" | "long-user", base: number): Sregs {
  const [code, data] = mode === "long"
    ? [SEGMENT.code64, SEGMENT.data]
    : [SEGMENT.userCode64, SEGMENT.userData];
  return {
    ...withSegments(withTables(sregs, mode, base), code, data),
    cr0: CR0.PE | CR0.MP | CR0.ET | CR0.NE | CR0.PG,
    cr3: BigInt(base + LAYOUT.pml4),
    cr4: CR4.PAE | CR4.OSFXSR,
    efer: EFER.LME | EFER.LMA,
  };
}

/**
 * Sets the registers of `vcpu` to the start of a guest of `mode` in the window
 * at `base`. Sets CPUID first: newer kernels refuse long mode without it.
 */
export function bootVcpu(vcpu: Vcpu, vm: Vm, mode: GuestMode, base: number): void {
  vcpu.setCpuid(vm.supportedCpuid);
  const reset = vcpu.sregs();
  vcpu.setSregs(
    mode === "real"
      ? realMode(reset)
      : mode === "protected"
      ? protectedMode(reset, base)
      : longMode(reset, mode, base),
  );
  resetRegs(vcpu, mode, base);
}

/** Brings a guest that took a fault in ring 3 back there from ring 0. */
export function returnToRing3(vcpu: Vcpu): void {
  const sregs = vcpu.sregs();
  if (sregs.cs.dpl === 3) return;
  vcpu.setSregs({ ...sregs, cs: SEGMENT.userCode64, ss: SEGMENT.userData });
}

/** Sets the general registers to the start of a program: all zero but RIP, RSP and RFLAGS. */
export function resetRegs(vcpu: Vcpu, mode: GuestMode, base: number): void {
  vcpu.setRegs({
    rip: BigInt(base + LAYOUT.code),
    rsp: BigInt(base + LAYOUT.stackTop),
    rflags: mode === "long-user" ? RFLAGS.reserved | RFLAGS.IOPL3 : RFLAGS.reserved,
  });
}
