import { assertEquals } from "@std/assert";
import { assemble } from "./assemble.ts";
import type { Bitness } from "./source.ts";

const BASE = 0x1000;

function hexOf(bitness: Bitness, text: string): string {
  const { bytes } = assemble({ bitness, text }, { base: BASE });
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function assertBytes(bitness: Bitness, answers: Readonly<Record<string, string>>): void {
  for (const [text, bytes] of Object.entries(answers)) {
    assertEquals(hexOf(bitness, text), bytes, `${bitness}-bit "${text}"`);
  }
}

Deno.test("assemble() encodes instructions that are the same in every mode", () => {
  for (const bitness of [16, 32, 64] as const) {
    assertBytes(bitness, {
      "rdmsr": "0f 32",
      "wrmsr": "0f 30",
      "cpuid": "0f a2",
      "hlt": "f4",
      "ud2": "0f 0b",
      "int 3": "cd 03",
      "int3": "cc",
      "int 0x80": "cd 80",
      "out 0x10, al": "e6 10",
      "out dx, al": "ee",
      "in al, dx": "ec",
      "mov al, -1": "b0 ff",
      "add al, 5": "04 05",
      "mov ds, ax": "8e d8",
      "ltr ax": "0f 00 d8",
      "push 5": "6a 05",
      "push fs": "0f a0",
      "rep movsb": "f3 a4",
      "repe cmpsb": "f3 a6",
      "repne scasb": "f2 ae",
      "retf": "cb",
      "retf 4": "ca 04 00",
      "ret 8": "c2 08 00",
      "iret": "cf",
      "pushf": "9c",
      "xlatb": "d7",
      "loopz 0x1000": "e1 fe",
      "shl bl, 2": "c0 e3 02",
      "MOV bl, byte ptr fs:[esi + 0] ; a comment": bitness === 32 ? "64 8a 1e" : "64 67 8a 1e",
    });
  }
});

Deno.test("assemble() encodes 16-bit code", () => {
  assertBytes(16, {
    "mov ax, 0x1234": "b8 34 12",
    "mov eax, 0x12345678": "66 b8 78 56 34 12",
    "mov ax, [bx+si+4]": "8b 40 04",
    "mov ax, [bp]": "8b 46 00",
    "mov eax, [bx]": "66 8b 07",
    "mov ax, [ebx+4]": "67 8b 43 04",
    "mov ax, [ebx + ecx*4]": "67 8b 04 8b",
    "mov bl, [0x7000]": "8a 1e 00 70",
    "mov al, [0x7000]": "a0 00 70",
    "mov bl, [-1]": "8a 1e ff ff",
    "mov bx, [0x12345]": "67 8b 1d 45 23 01 00",
    "mov byte es:[di], 5": "26 c6 05 05",
    "push 0x1234": "68 34 12",
    "push dword 5": "66 6a 05",
    "push eax": "66 50",
    "jmp 0x08:0x1234": "ea 34 12 08 00",
    "jmp 0x08:0x12345678": "66 ea 78 56 34 12 08 00",
    "jmp dword 0x08:0x1234": "66 ea 34 12 00 00 08 00",
    "jmp far [bx]": "ff 2f",
    "jmp far dword [bx]": "66 ff 2f",
    "jmp 0x1000": "eb fe",
    "je 0x2000": "0f 84 fc 0f",
    "call 0x2000": "e8 fd 0f",
    "iretd": "66 cf",
    "lgdt [0x7000]": "0f 01 16 00 70",
    "lidt [bx]": "0f 01 1f",
    "mov cr0, eax": "0f 22 c0",
    "stosd": "66 ab",
    "xbegin 0x1004": "c7 f8 00 00",
  });
});

Deno.test("assemble() encodes 32-bit code", () => {
  assertBytes(32, {
    "mov eax, [ebx+ecx*4+8]": "8b 44 8b 08",
    "mov ebx, [0x7000]": "8b 1d 00 70 00 00",
    "mov eax, [0x7000]": "a1 00 70 00 00",
    "mov eax, fs:[0x10]": "64 a1 10 00 00 00",
    "mov ax, 0x1234": "66 b8 34 12",
    "lea eax, [ecx*8 + 0x10]": "8d 04 cd 10 00 00 00",
    "inc eax": "40",
    "push 0x1234": "68 34 12 00 00",
    "push word 0x1234": "66 68 34 12",
    "jmp 0x08:0x1234": "ea 34 12 00 00 08 00",
    "call 0x10:0x12345678": "9a 78 56 34 12 10 00",
    "jmp far [eax]": "ff 28",
    "jmp [eax]": "ff 20",
    "iretd": "cf",
    "iretw": "66 cf",
    "pusha": "60",
    "mov cr4, ebx": "0f 22 e3",
    "mov dr7, eax": "0f 23 f8",
    "xchg eax, ebx": "93",
    "fnstcw [eax]": "d9 38",
  });
});

Deno.test("assemble() encodes 64-bit code", () => {
  assertBytes(64, {
    "mov eax, [ebx+4]": "67 8b 43 04",
    "mov rax, [rbx+rcx*8+0x10]": "48 8b 44 cb 10",
    "mov r9, [r8+r10*4-1]": "4f 8b 4c 90 ff",
    "mov rax, [rsp]": "48 8b 04 24",
    "mov rax, [r13]": "49 8b 45 00",
    "mov rax, gs:[0x10]": "65 48 8b 04 25 10 00 00 00",
    "mov qword [rax], -1": "48 c7 00 ff ff ff ff",
    "pop qword [0x7000]": "8f 04 25 00 70 00 00",
    "push 0x1234": "68 34 12 00 00",
    "push word 0x1234": "66 68 34 12",
    "jmp rax": "ff e0",
    "jmp qword [rax]": "ff 20",
    "call [rax]": "ff 10",
    "jmp far dword [rax]": "ff 28",
    "jmp tbyte [rax]": "48 ff 28",
    "iretq": "48 cf",
    "retfq": "48 cb",
    "syscall": "0f 05",
    "sysretq": "48 0f 07",
    "swapgs": "0f 01 f8",
    "rdpid rax": "f3 0f c7 f8",
    "lock xadd [rax], rbx": "f0 48 0f c1 18",
    "rep stosq": "f3 48 ab",
    "mov cr8, rax": "44 0f 22 c0",
    "movzx rax, byte [rax]": "48 0f b6 00",
    "movq xmm0, rax": "66 48 0f 6e c0",
    "vaddps xmm0, xmm1, xmm2": "c5 f0 58 c2",
    "vpgatherdd xmm0, [rax + xmm1*4], xmm2": "c4 e2 69 90 04 88",
    "test eax, [rbx]": "85 03",
    "xchg eax, eax": "87 c0",
    "xchg rax, rbx": "48 93",
    "imul rax, rbx": "48 0f af c3",
    "imul rax, 5": "48 6b c0 05",
    "enter 16, 1": "c8 10 00 01",
    "xbegin 0x1006": "c7 f8 00 00 00 00",
  });
});

Deno.test("assemble() keeps the written register and takes the shortest immediate for it", () => {
  assertBytes(64, {
    "mov eax, 1": "b8 01 00 00 00",
    "mov rax, 1": "48 c7 c0 01 00 00 00",
    "mov rax, -1": "48 c7 c0 ff ff ff ff",
    "mov rax, 0xffffffffffffffff": "48 c7 c0 ff ff ff ff",
    "mov rax, 0x7fffffff": "48 c7 c0 ff ff ff 7f",
    "mov rax, 0x80000000": "48 b8 00 00 00 80 00 00 00 00",
    "mov rax, 0x123456789abcdef0": "48 b8 f0 de bc 9a 78 56 34 12",
    "add eax, -128": "83 c0 80",
    "add eax, 128": "05 80 00 00 00",
    "add eax, 0xffffffff": "83 c0 ff",
    "and rax, -16": "48 83 e0 f0",
    "add ebx, dword 5": "83 c3 05",
    "shl rax, 1": "48 d1 e0",
    "shl rax, 63": "48 c1 e0 3f",
  });
});

Deno.test("assemble() addresses memory absolutely in 64-bit code as far as it reaches", () => {
  assertBytes(64, {
    "mov rax, [0x7000]": "48 8b 04 25 00 70 00 00",
    "mov al, [0x7000]": "8a 04 25 00 70 00 00",
    "mov rax, [-0x1000]": "48 8b 04 25 00 f0 ff ff",
    "mov rax, [0xfffffffffffff000]": "48 8b 04 25 00 f0 ff ff",
    "mov ecx, [0xfee00020]": "67 8b 0c 25 20 00 e0 fe",
    "mov eax, [0x123456789]": "a1 89 67 45 23 01 00 00 00",
  });
});

Deno.test("assemble() counts [rip + n] from the next instruction and [rel n] from nowhere", () => {
  assertBytes(64, {
    "mov rax, [rip + 0x10]": "48 8b 05 10 00 00 00",
    "mov byte [rip - 1], 5": "c6 05 ff ff ff ff 05",
    "lea rax, [rel 0x1007]": "48 8d 05 00 00 00 00",
    "mov rax, [dword rel 0x1008]": "67 48 8b 05 00 00 00 00",
    "mov dword [rel 0x100a], 5": "c7 05 00 00 00 00 05 00 00 00",
  });
});
