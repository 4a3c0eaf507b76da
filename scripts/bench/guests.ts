/**
 * The guests of the benchmark, and the same guests as a C header.
 *
 * @module
 */
import { GDT_SIZE, SELECTOR, writeGdt } from "../../guests/boot/descriptors.ts";
import { stubLabel, stubs } from "../../guests/boot/stubs.ts";
import { ACCESS_SIZE, LAYOUT, PORT, WINDOW_SIZE } from "../../guests/protocol.ts";
import { walker } from "../../guests/walker.ts";
import { asm64, type AsmSource, assemble, type Assembly, Msr } from "../../mod.ts";

/** The MSR that the filter denies, so that its reads exit. */
export const DENIED_MSR = Msr.IA32_SYSENTER_CS;

/** The MSR that the guest reads without an exit. */
export const ALLOWED_MSR = Msr.IA32_SYSENTER_EIP;

/** What the host answers to a denied read. */
export const MSR_VALUE = 0x1234_5678n;

/** What the guest writes to a port. */
export const PORT_BYTE = 0x5a;

/** The port that it writes to. */
export const FINISH_PORT = PORT.finish;

/** How many filters the walks take turns with. */
export const WALKS = 6;

/** The programs, each with the name that its array has in the header. */
export const PROGRAM = {
  port_io_program: asm64`
      mov al, ${PORT_BYTE}
    again:
      out ${FINISH_PORT}, al
      jmp again
  `,
  rdmsr_program: asm64`
      mov ecx, ${DENIED_MSR}
    again:
      rdmsr
      jmp again
  `,
  finish_program: asm64`
      jmp finish
  `,
  single_read_program: asm64`
      mov ecx, ${ALLOWED_MSR}
      rdmsr
      jmp finish
  `,
  single_access_program: asm64`
    again:
      rdmsr
      out ${FINISH_PORT}, al
      jmp again
  `,
} as const satisfies Readonly<Record<string, AsmSource>>;

function array(type: string, name: string, values: Iterable<number>): string {
  return `static const ${type} ${name}[] = { ${[...values].join(", ")} };`;
}

function macro(name: string, value: number | bigint): string {
  return `#define ${name} UINT64_C(${value})`;
}

function programOf(source: AsmSource, finish: number): Assembly {
  return assemble(source, { base: LAYOUT.code, symbols: { finish, list: LAYOUT.list } });
}

/** `guest.h`: the window's layout, tables and code as C constants. */
export function guestHeader(): string {
  const code = stubs("long", 0);
  const finish = code.symbol("finish");
  const walking = programOf(walker, finish);
  const gdt = new Uint8Array(GDT_SIZE);
  writeGdt(new DataView(gdt.buffer), 0);
  return [
    macro("WINDOW_SIZE", WINDOW_SIZE),
    macro("GDT_AT", LAYOUT.gdt),
    macro("TSS_AT", LAYOUT.tss),
    macro("IDT_AT", LAYOUT.idt),
    macro("PML4_AT", LAYOUT.pml4),
    macro("PDPT_AT", LAYOUT.pdpt),
    macro("PD_AT", LAYOUT.pd),
    macro("STUBS_AT", LAYOUT.stubs),
    macro("STACK_TOP", LAYOUT.stackTop),
    macro("FAULT_STACK_TOP", LAYOUT.faultStackTop),
    macro("CODE_AT", LAYOUT.code),
    macro("CODE_SELECTOR", SELECTOR.code64),
    macro("DATA_SELECTOR", SELECTOR.data),
    macro("TSS_SELECTOR", SELECTOR.tss),
    macro("FINISH_PORT", FINISH_PORT),
    macro("PORT_BYTE", PORT_BYTE),
    macro("DENIED_MSR", DENIED_MSR),
    macro("ALLOWED_MSR", ALLOWED_MSR),
    macro("MSR_VALUE", MSR_VALUE),
    array("uint8_t", "gdt", gdt),
    array("uint8_t", "stubs", code.bytes),
    array("uint32_t", "gates", Array.from({ length: 256 }, (_, i) => code.symbol(stubLabel(i)))),
    ...Object.entries(PROGRAM).map(([name, source]) =>
      array("uint8_t", name, programOf(source, finish).bytes)
    ),
    macro("WALKS", WALKS),
    macro("LIST_AT", LAYOUT.list),
    macro("ACCESS_SIZE", ACCESS_SIZE),
    macro("WALKER_FAULT_AT", walking.symbol("vector_13")),
    array("uint8_t", "walker_program", walking.bytes),
    "",
  ].join("\n");
}
