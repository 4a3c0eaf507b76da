/**
 * System management mode: an SMI, its handler, and RSM, which KVM always
 * emulates (SDM volume 3 chapter 32, APM volume 2 chapter 10).
 *
 * @module
 */
import {
  asm16,
  asm64,
  type AsmSource,
  assemble,
  IOCTL,
  KvmError,
  Msr,
  type Session,
} from "@trapline/trapline";
import { hex, type ImplicitUse, implicitUse } from "./implicit_use.ts";

/** `IA32_SMBASE`, which only the host can set. */
const IA32_SMBASE = 0x9e;

// In the address space of system management mode, where no other guest memory is.
const SMRAM = { slot: 1 << 16, gpa: 0x1000_0000, size: 0x1_0000 } as const;
const HANDLER = SMRAM.gpa + 0x8000;
const MARK = SMRAM.gpa + 0x9000;

/**
 * Queues an SMI, which the guest takes before its next instruction; `handler`
 * runs in 16-bit code and ends with RSM.
 */
export function queueSmi({ vm, vcpu }: Session, handler: AsmSource): void {
  if (!vm.memory.slots.some(({ slot }) => slot === SMRAM.slot)) vm.memory.add(SMRAM);
  vm.memory.write(HANDLER, assemble(handler, { base: 0x8000 }).bytes);
  vcpu.setMsrs([[IA32_SMBASE, BigInt(SMRAM.gpa)]]);
  const { result, errno } = vcpu.raw(IOCTL.SMI);
  if (result !== 0) throw new KvmError(IOCTL.SMI.name, errno);
}

const marking = asm16`
  mov eax, ${MARK}
  add byte [eax], 1
  rsm`;

const LEFT = 0x0123_4567_89ab_cdefn;

/** RSM, which writes EFER; the guest takes an SMI before its first instruction. */
export const RSM: ImplicitUse = implicitUse(
  "RSM",
  [Msr.EFER],
  () =>
    asm64`
    mov rax, ${LEFT}
    jmp finish`,
  (session) => {
    const { vm, vcpu } = session;
    queueSmi(session, marking);
    vm.memory.write(MARK, Uint8Array.of(0));
    const { efer } = vcpu.sregs();
    return ({ regs }) => {
      const [marks] = vm.memory.read(MARK, 1);
      if (marks !== 1) return `${marks} runs of the SMI's handler instead of 1`;
      const after = vcpu.sregs().efer;
      if (after !== efer) return `EFER ${hex(after)} instead of ${hex(efer)}`;
      return regs.rax === LEFT ? undefined : `rax ${hex(regs.rax)} instead of ${hex(LEFT)}`;
    };
  },
);
