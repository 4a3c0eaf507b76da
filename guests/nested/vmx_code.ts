/**
 * The code of an L1 on VMX.
 *
 * @module
 */
import { asm64, type AsmSource, assemble, type Assembly } from "../asm/mod.ts";
import { CELL, ENTRY, ENTRY_SIZE, NESTED, NESTED_PORT } from "./layout.ts";
import { VMCS, VMX_EXIT_REASON } from "./vmcs.ts";

/** Ends the list of fields; no encoding has this value. */
export const END_OF_FIELDS = 0n;

function source(base: number): AsmSource {
  const cell = (name: keyof typeof CELL): string =>
    `[0x${(base + NESTED.cells + CELL[name]).toString(16)}]`;
  const high = (name: keyof typeof CELL): string =>
    `[0x${(base + NESTED.cells + CELL[name] + 4).toString(16)}]`;
  return asm64`
    start:
      vmxon qword ${cell("vmxonPointer")}
      jbe failed
      vmclear qword ${cell("vmcsPointer")}
      jbe failed
      vmptrld qword ${cell("vmcsPointer")}
      jbe failed
    enter:
      mov rsi, ${base + NESTED.fields}
    next_field:
      mov rax, [rsi]
      mov ${cell("failedField")}, rax
      cmp rax, ${END_OF_FIELDS}
      je run
      vmwrite rax, [rsi + 8]
      jbe failed
      add rsi, 16
      jmp next_field
    run:
      vmresume
      mov ebx, ${VMCS.VM_INSTRUCTION_ERROR}
      vmread rax, rbx
      mov ${cell("instructionError")}, rax
      cmp rax, 5
      jne failed_run
      vmlaunch
    failed:
      mov ebx, ${VMCS.VM_INSTRUCTION_ERROR}
      vmread rax, rbx
      mov ${cell("instructionError")}, rax
    failed_run:
      out ${NESTED_PORT.failed}, al
      hlt
    exited:
      push rax
      push rbx
      mov ebx, ${VMCS.EXIT_QUALIFICATION}
      vmread rax, rbx
      mov ${cell("exitQualification")}, rax
      mov ebx, ${VMCS.GUEST_RIP}
      vmread rax, rbx
      mov ${cell("exitRip")}, rax
      mov ebx, ${VMCS.EXIT_REASON}
      vmread rax, rbx
      mov ${cell("exitReason")}, rax
      mov rbx, ${cell("logEnd")}
      cmp eax, ${VMX_EXIT_REASON.RDMSR}
      je read
      cmp eax, ${VMX_EXIT_REASON.WRMSR}
      je written
      pop rbx
      pop rax
      out ${NESTED_PORT.exited}, al
      hlt
    read:
      mov [rbx + ${ENTRY.index}], ecx
      mov dword [rbx + ${ENTRY.write}], 0
      pop rbx
      pop rax
      mov eax, ${cell("answer")}
      mov edx, ${high("answer")}
      jmp resume
    written:
      mov [rbx + ${ENTRY.index}], ecx
      mov dword [rbx + ${ENTRY.write}], 1
      mov [rbx + ${ENTRY.value + 4}], edx
      mov eax, [rsp + 8]
      mov [rbx + ${ENTRY.value}], eax
      pop rbx
      pop rax
    resume:
      push rbx
      add qword ${cell("logEnd")}, ${ENTRY_SIZE}
      add qword ${cell("exitRip")}, 2
      mov ebx, ${VMCS.GUEST_RIP}
      vmwrite rbx, ${cell("exitRip")}
      pop rbx
      vmresume
      jmp failed
    l2_start:
      out ${NESTED_PORT.entered}, al
      hlt
    l2_leave:
      vmcall
      hlt
  `;
}

/**
 * The code of an L1 on VMX for the window at `base`. `start` enters VMX
 * operation; from `enter` on it writes the listed fields and runs L2. It
 * answers the MSR accesses that it intercepts, and stops at any other exit,
 * which leads to `exited`.
 */
export function vmxCode(base: number): Assembly {
  return assemble(source(base), { base: base + NESTED.code });
}
