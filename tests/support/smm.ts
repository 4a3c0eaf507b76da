/**
 * System management mode: an SMI, a handler of one mark, and RSM, which KVM
 * always emulates (SDM volume 3 chapter 32, APM volume 2 chapter 10).
 *
 * @module
 */
import { asm16, asm64, assemble, IOCTL, KvmError, Msr, type Session } from "@trapline/trapline";
import { hex, type ImplicitUse, implicitUse } from "./implicit_use.ts";

/** `IA32_SMBASE`, which only the host can set. */
const IA32_SMBASE = 0x9e;

// In the address space of system management mode, where no other guest memory is.
const SMRAM = { slot: 1 << 16, gpa: 0x1000_0000, size: 0x1_0000 } as const;
const HANDLER = SMRAM.gpa + 0x8000;
const MARK = SMRAM.gpa + 0x9000;

const handler = assemble(
  asm16`
    mov eax, ${MARK}
    add byte [eax], 1
    rsm`,
  { base: 0x8000 },
);

function addSmram({ memory }: Session["vm"]): void {
  if (memory.slots.some(({ slot }) => slot === SMRAM.slot)) return;
  memory.add(SMRAM);
  memory.write(HANDLER, handler.bytes);
}

const LEFT = 0x0123_4567_89ab_cdefn;

/** RSM, which writes EFER; the guest takes an SMI before its first instruction. */
export const RSM: ImplicitUse = implicitUse(
  "RSM",
  [Msr.EFER],
  () =>
    asm64`
    mov rax, ${LEFT}
    jmp finish`,
  ({ vm, vcpu }) => {
    addSmram(vm);
    vcpu.setMsrs([[IA32_SMBASE, BigInt(SMRAM.gpa)]]);
    vm.memory.write(MARK, Uint8Array.of(0));
    const { efer } = vcpu.sregs();
    const { result, errno } = vcpu.raw(IOCTL.SMI);
    if (result !== 0) throw new KvmError(IOCTL.SMI.name, errno);
    return ({ regs }) => {
      const [marks] = vm.memory.read(MARK, 1);
      if (marks !== 1) return `${marks} runs of the SMI's handler instead of 1`;
      const after = vcpu.sregs().efer;
      if (after !== efer) return `EFER ${hex(after)} instead of ${hex(efer)}`;
      return regs.rax === LEFT ? undefined : `rax ${hex(regs.rax)} instead of ${hex(LEFT)}`;
    };
  },
);
