/**
 * An access whose instruction ends with the last byte of a 32-bit guest's
 * address space, so that the guest goes on at EIP 0.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asm32,
  assemble,
  assertGp,
  assertMsrExit,
  assertNoFault,
  type Kvm,
  Msr,
  type MsrAccess,
  Session,
} from "@trapline/trapline";
import { completeOnly } from "./complete_only.ts";
import type { Execution } from "./execution.ts";
import { accept, KINDS, nextMsrExit, SUPPLIED } from "./msr_exits.ts";
import { denyOnly } from "./msr_probes.ts";

const END = 2 ** 32;
const LAST_PAGE = { slot: 30, gpa: END - 0x1000, size: 0x1000 } as const;
const FORCED_EMULATION_PREFIX = [0x0f, 0x0b, 0x6b, 0x76, 0x6d];
const OPCODE = { read: [0x0f, 0x32], write: [0x0f, 0x30] } as const;
/** Where the RDMSR or WRMSR is, whatever comes before it. */
const ACCESS = BigInt(END - 2);

const DENIED = Msr.KERNEL_GS_BASE;
/** KVM completes an access to it without an exit, and does not leave it to the CPU. */
const ALLOWED = Msr.IA32_PAT;
const PAT = 0x0606_0606_0606_0606n;
const ARRIVED = 0x600dn;

/** Loads a guest that makes `access` from the last bytes, and ends if it arrives at 0. */
function loadAtEnd(session: Session, access: MsrAccess, execution: Execution): void {
  const { memory } = session.vm;
  const { kind, index, value = 0n } = access;
  const bytes = [...(execution === "native" ? [] : FORCED_EMULATION_PREFIX), ...OPCODE[kind]];
  const start = END - bytes.length;
  memory.write(start, Uint8Array.from(bytes));
  session.load(asm32`
    mov ecx, ${index}
    mov eax, ${value & 0xffff_ffffn}
    mov edx, ${value >> 32n}
    mov ebx, ${start}
    jmp ebx
  arrived:
    mov esi, ${ARRIVED}
    jmp finish
  `);
  const arrived = Number(session.symbol("arrived"));
  const onward = assemble(asm32`jmp arrived`, { base: 0, symbols: { arrived } });
  memory.write(0, onward.bytes);
}

function assertArrives(session: Session, value: bigint, detail: string): void {
  const seen = session.finish();
  assertNoFault(session, seen);
  assertEquals(seen.regs.rsi, ARRIVED, `ESI, ${detail}`);
  assertEquals(seen.value, value, `EDX:EAX, ${detail}`);
}

function assertDenied(session: Session, access: MsrAccess, detail: string): void {
  const { kind, index, value = 0n } = access;
  const exit = nextMsrExit(session, kind);
  const data = kind === "write" ? { data: value } : {};
  assertMsrExit(session, exit, { index, reasons: ["filter"], ...data });
  assertEquals(session.vcpu.regs().rip, ACCESS, `RIP at the exit, ${detail}`);
  accept(exit);
  completeOnly(session);
  assertEquals(session.vcpu.regs().rip, 0n, `RIP of the completed access, ${detail}`);
  assertArrives(session, kind === "read" ? SUPPLIED : value, detail);
  session.restart();
  nextMsrExit(session, kind).refuse();
  assertGp(session, session.finish(), { rip: ACCESS });
}

/** Asserts that accesses at the end, one that exits and one that completes, go on at EIP 0. */
export function assertGoesOnAtZero(kvm: Kvm, execution: Execution): void {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(denyOnly(DENIED, "read-write"));
  const session = Session.boot(vm, asm32`jmp finish`);
  vm.memory.add(LAST_PAGE);
  for (const kind of KINDS) {
    const detail = `${execution} ${kind} at the end of the address space`;
    const denied = { kind, index: DENIED, value: 0x1122_3344_5566_7788n };
    loadAtEnd(session, denied, execution);
    assertDenied(session, denied, detail);
    session.vcpu.setMsrs([[ALLOWED, PAT]]);
    loadAtEnd(session, { kind, index: ALLOWED, value: PAT }, execution);
    assertArrives(session, PAT, `${detail}, allowed`);
  }
}
