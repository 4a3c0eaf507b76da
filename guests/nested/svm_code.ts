/**
 * The code of an L1 on SVM.
 *
 * @module
 */
import { asm64, type AsmSource, assemble, type Assembly } from "../asm/mod.ts";
import { CELL, ENTRY, ENTRY_SIZE, NESTED, NESTED_PORT } from "./layout.ts";
import { SVM_EXITCODE, VMCB } from "./vmcb.ts";

const { EXITCODE, EXITINFO1, RAX, RIP } = VMCB.fields;

function source(base: number): AsmSource {
  const answer = base + NESTED.cells + CELL.answer;
  const logEnd = base + NESTED.cells + CELL.logEnd;
  return asm64`
    enter:
      mov rax, ${base + NESTED.controlBlock}
    run:
      vmrun
      push rbx
      cmp qword [rax + ${EXITCODE.offset}], ${SVM_EXITCODE.MSR}
      jne stop
      mov rbx, [${logEnd}]
      mov [rbx + ${ENTRY.index}], ecx
      cmp qword [rax + ${EXITINFO1.offset}], 0
      jne written
      mov dword [rbx + ${ENTRY.write}], 0
      mov edx, [${answer}]
      mov [rax + ${RAX.offset}], rdx
      mov edx, [${answer + 4}]
      jmp resume
    written:
      mov dword [rbx + ${ENTRY.write}], 1
      mov [rbx + ${ENTRY.value + 4}], edx
      push rcx
      mov ecx, [rax + ${RAX.offset}]
      mov [rbx + ${ENTRY.value}], ecx
      pop rcx
    resume:
      add qword [${logEnd}], ${ENTRY_SIZE}
      add qword [rax + ${RIP.offset}], 2
      pop rbx
      jmp run
    stop:
      pop rbx
      out ${NESTED_PORT.exited}, al
      hlt
    l2_start:
      out ${NESTED_PORT.entered}, al
      hlt
    l2_leave:
      vmmcall
      hlt
  `;
}

/**
 * The code of an L1 on SVM for the window at `base`. From `enter` on it runs
 * L2; it answers the MSR accesses that it intercepts, and stops at any other exit.
 */
export function svmCode(base: number): Assembly {
  return assemble(source(base), { base: base + NESTED.code });
}
