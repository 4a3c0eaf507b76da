/**
 * Writes that could do more than set an MSR: to the guest that makes them, to
 * its memory, or to the host. A sweep leaves them out unless told otherwise.
 *
 * Source: `arch/x86/kvm/` of Linux 5.10 to 7; Hyper-V TLFS; SDM volume 4.
 *
 * @module
 */
import { Msr } from "../../kvm/abi/msr.ts";
import type { MsrWindow } from "./windows.ts";

/** MSRs to which not everything is written. */
export interface Danger extends MsrWindow {
  /** What is written all the same: the value that was read, or nothing. */
  readonly writes: "value-read" | "nothing";
  /** Whether it is about MSRs only that can be read. */
  readonly ifReadable?: true;
  /** What other writes could do. */
  readonly why: string;
}

function danger(first: number, last: number, why: string): Danger {
  return { first, last, writes: "value-read", why };
}

/** An MSR where any write does it. */
function trigger(index: number, why: string): Danger {
  return { first: index, last: index, writes: "nothing", why };
}

const WRITES_MEMORY = "KVM writes guest memory at the address that is written here";
const LVT = "X2APIC LVT: once it is unmasked, interrupts, NMIs and SMIs come to the guest";
const HYPERV_MEMORY = "Hyper-V enlightenment: KVM writes a page of guest memory here";

/** All of them, by index. */
export const DANGERS: readonly Danger[] = [
  danger(Msr.KVM_WALL_CLOCK, Msr.KVM_SYSTEM_TIME, WRITES_MEMORY),
  danger(
    Msr.IA32_APIC_BASE,
    Msr.IA32_APIC_BASE,
    "moves or disables the local APIC, and changes its mode",
  ),
  danger(
    Msr.IA32_BIOS_UPDT_TRIG,
    Msr.IA32_BIOS_UPDT_TRIG,
    "loads microcode from the address, on a host that lets it through",
  ),
  danger(0x9e, 0x9e, "SMBASE: moves where the next SMI saves and runs"),
  danger(Msr.IA32_PAT, Msr.IA32_PAT, "makes memory types of the guest uncacheable"),
  danger(Msr.IA32_MTRR_DEF_TYPE, Msr.IA32_MTRR_DEF_TYPE, "makes all guest memory uncacheable"),
  danger(
    0x3f1,
    0x3f2,
    "PEBS: the processor writes records to guest addresses that nothing is mapped at",
  ),
  danger(0x560, 0x572, "Processor Trace: the processor writes its output to an address"),
  danger(0x600, 0x600, "DS_AREA: where the processor writes branch and PEBS records"),
  trigger(Msr.X2APIC_EOI, "X2APIC EOI: ends the interrupt that is being served"),
  danger(0x82f, 0x82f, LVT),
  trigger(0x830, "X2APIC ICR: sends an interrupt, an NMI, an SMI or an INIT"),
  danger(0x832, 0x837, LVT),
  danger(0x838, 0x838, "X2APIC initial count: starts the timer"),
  trigger(0x83f, "X2APIC SELF IPI: sends the guest an interrupt"),
  danger(
    0x4000_0001,
    0x4000_0001,
    "Hyper-V hypercall page: KVM writes code into guest memory here",
  ),
  danger(0x4000_0003, 0x4000_0003, "Hyper-V reset: ends the guest with a system event"),
  danger(0x4000_0021, 0x4000_0021, `${HYPERV_MEMORY} (reference TSC)`),
  trigger(0x4000_0070, "Hyper-V's EOI: ends the interrupt that is being served"),
  trigger(0x4000_0071, "Hyper-V's ICR: sends an interrupt, an NMI, an SMI or an INIT"),
  danger(0x4000_0073, 0x4000_0073, `${HYPERV_MEMORY} (VP assist)`),
  danger(0x4000_0080, 0x4000_009f, `${HYPERV_MEMORY} (SynIC), or raises interrupts`),
  danger(
    0x4000_00b0,
    0x4000_00b7,
    "Hyper-V synthetic timers: without a local APIC, Linux before 5.18 could crash on them " +
      "(CVE-2022-2153)",
  ),
  danger(0x4000_00f0, 0x4000_00ff, "Hyper-V idle and debugging: the guest sleeps or exits"),
  danger(0x4000_0100, 0x4000_0105, "Hyper-V crash: ends the guest with a system event"),
  danger(Msr.KVM_WALL_CLOCK_NEW, Msr.KVM_PV_EOI_EN, WRITES_MEMORY),
  danger(Msr.KVM_ASYNC_PF_INT, Msr.KVM_ASYNC_PF_ACK, "queues page-ready interrupts"),
  {
    first: Msr.KVM_MIGRATION_CONTROL + 1,
    last: 0x4b56_4dff,
    writes: "nothing",
    ifReadable: true,
    why: "paravirtual MSRs that Linux's KVM does not have: nobody here knows what they do",
  },
  danger(
    Msr.EFER,
    Msr.EFER,
    "switches long mode, NX and SVM under the guest that is running",
  ),
  danger(
    0xc001_0020,
    0xc001_0020,
    "PATCH_LOADER: loads microcode from the address, on a host that lets it through",
  ),
  danger(
    0xc001_0130,
    0xc001_0130,
    "GHCB: the address of the page that a SEV-ES guest shares with its host",
  ),
];

/**
 * What is dangerous about writing MSR `index`, which can be read or not.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Msr } from "@trapline/trapline";
 * import { dangerOf } from "@trapline/trapline/sweep";
 *
 * assertEquals(dangerOf(Msr.KVM_SYSTEM_TIME, true)?.writes, "value-read");
 * assertEquals(dangerOf(Msr.IA32_SYSENTER_CS, true), undefined);
 * ```
 */
export function dangerOf(index: number, readable: boolean): Danger | undefined {
  return DANGERS.find(({ first, last, ifReadable }) =>
    index >= first && index <= last && (ifReadable === undefined || readable)
  );
}
