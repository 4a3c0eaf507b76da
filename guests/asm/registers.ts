import { Register } from "iced-x86";

/** A set of registers that an encoding takes in the same place. */
export type RegisterClass =
  | "r8"
  | "r16"
  | "r32"
  | "r64"
  | "seg"
  | "cr"
  | "dr"
  | "tr"
  | "k"
  | "mm"
  | "xmm"
  | "ymm"
  | "zmm"
  | "bnd"
  | "tmm"
  | "st"
  | "ip";

/** Where each class stands in iced's numbering, first and last. */
const RANGES: readonly (readonly [RegisterClass, Register, Register])[] = [
  ["r8", Register.AL, Register.R15L],
  ["r16", Register.AX, Register.R15W],
  ["r32", Register.EAX, Register.R15D],
  ["r64", Register.RAX, Register.R15],
  ["ip", Register.EIP, Register.RIP],
  ["seg", Register.ES, Register.GS],
  ["xmm", Register.XMM0, Register.XMM31],
  ["ymm", Register.YMM0, Register.YMM31],
  ["zmm", Register.ZMM0, Register.ZMM31],
  ["k", Register.K0, Register.K7],
  ["bnd", Register.BND0, Register.BND3],
  ["cr", Register.CR0, Register.CR15],
  ["dr", Register.DR0, Register.DR15],
  ["st", Register.ST0, Register.ST7],
  ["mm", Register.MM0, Register.MM7],
  ["tr", Register.TR0, Register.TR7],
  ["tmm", Register.TMM0, Register.TMM7],
];

const CLASSES = new Map<Register, RegisterClass>();
const NAMES = new Map<string, Register>();

for (const [registerClass, first, last] of RANGES) {
  for (let register = first; register <= last; register++) {
    const name = Register[register]?.toLowerCase() ?? "";
    CLASSES.set(register, registerClass);
    NAMES.set(name, register);
    // The manuals say R8B where iced says R8L; both are in use.
    if (/^r\d+l$/.test(name)) NAMES.set(name.replace("l", "b"), register);
  }
}

/** The register called `name`, in any case, or undefined if there is none. */
export function registerNamed(name: string): Register | undefined {
  return NAMES.get(name.toLowerCase());
}

/** The class `register` belongs to. */
export function registerClass(register: Register): RegisterClass | undefined {
  return CLASSES.get(register);
}

/** Width in bits of an address made of `register`, or undefined if it cannot address memory. */
export function addressBits(register: Register): 16 | 32 | 64 | undefined {
  switch (registerClass(register)) {
    case "r16":
      return 16;
    case "r32":
      return 32;
    case "r64":
      return 64;
    case "ip":
      return register === Register.EIP ? 32 : 64;
    default:
      return undefined;
  }
}

/** Whether `register` holds a vector, the index of a gather or scatter. */
export function isVector(register: Register): boolean {
  const found = registerClass(register);
  return found === "xmm" || found === "ymm" || found === "zmm";
}
