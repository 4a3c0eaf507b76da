import { OpCodeOperandKind, Register } from "iced-x86";
import type { Operand } from "./operand.ts";
import { isVector, type RegisterClass, registerClass, registerNamed } from "./registers.ts";

/** Memory a string instruction names by itself. */
export type ImpliedMemory = "source" | "destination" | "masked" | "table";

/** What one place of an encoding takes. */
export type OperandRule =
  | { readonly kind: "register"; readonly class: RegisterClass; readonly orMemory: boolean }
  | { readonly kind: "fixed"; readonly register: Register }
  | { readonly kind: "memory"; readonly vectorIndex: boolean }
  /** An address in the instruction itself, of MOV to and from the accumulator. */
  | { readonly kind: "offset" }
  | {
    readonly kind: "immediate";
    readonly bits: number;
    /** Bits after sign extension; equal to `bits` where there is none. */
    readonly extended: number;
  }
  | {
    readonly kind: "branch";
    /** Modes in which it is the ordinary near branch. */
    readonly bitnesses: readonly number[];
    readonly short: boolean;
    /** Whether it is XBEGIN's, a fallback address. */
    readonly fallback: boolean;
  }
  | { readonly kind: "far"; readonly bits: 16 | 32 }
  | { readonly kind: "implied"; readonly memory: ImpliedMemory }
  | { readonly kind: "foreign" };

const IMPLIED: Readonly<Record<string, ImpliedMemory>> = {
  seg_rSI: "source",
  es_rDI: "destination",
  seg_rDI: "masked",
  seg_rBX_al: "table",
};

const REGISTER_KIND =
  /^(r8|r16|r32|r64|seg|k|mm|xmm|ymm|zmm|cr|dr|tr|bnd|tmm)(?:p[13])?_(reg|reg_mem|rm|opcode|vvvv|is4|is5|or_mem|or_mem_mpx)$/;

/** Reads the rule out of the systematic names of iced's operand kinds. */
function readRule(name: string): OperandRule {
  const implied = IMPLIED[name];
  if (implied !== undefined) return { kind: "implied", memory: implied };

  const [, registers, place] = REGISTER_KIND.exec(name) ?? [];
  if (registers !== undefined) {
    const orMemory = place?.startsWith("or_mem") === true;
    return { kind: "register", class: registers as RegisterClass, orMemory };
  }
  if (name === "sti_opcode") return { kind: "register", class: "st", orMemory: false };

  const fixed = registerNamed(name);
  if (fixed !== undefined) return { kind: "fixed", register: fixed };

  if (name === "mem_offs") return { kind: "offset" };
  if (/^(?:mem|sibmem)/.test(name)) {
    return { kind: "memory", vectorIndex: name.startsWith("mem_vsib") };
  }

  const [, bits, extended] = /^imm(\d+)(?:sex(\d+)|_const_1|_m2z)?$/.exec(name) ?? [];
  if (bits !== undefined) {
    // The encoder checks the constant 1, and the 4 bits that share their byte with a register.
    const own = Math.max(8, Number(bits));
    return { kind: "immediate", bits: own, extended: Number(extended ?? own) };
  }

  const [, branchBits, branchBytes] = /^br(\d+)_(\d)$/.exec(name) ?? [];
  if (branchBits !== undefined) {
    return {
      kind: "branch",
      bitnesses: [Number(branchBits)],
      short: branchBytes === "1",
      fallback: false,
    };
  }
  if (name === "xbegin_2") {
    return { kind: "branch", bitnesses: [16], short: false, fallback: true };
  }
  if (name === "xbegin_4") {
    return { kind: "branch", bitnesses: [32, 64], short: false, fallback: true };
  }
  if (name === "farbr2_2") return { kind: "far", bits: 16 };
  if (name === "farbr4_2") return { kind: "far", bits: 32 };
  return { kind: "foreign" };
}

const RULES = new Map<OpCodeOperandKind, OperandRule>();

/** The rule for one of iced's operand kinds. */
export function operandRule(kind: OpCodeOperandKind): OperandRule {
  let rule = RULES.get(kind);
  if (rule === undefined) {
    rule = readRule(OpCodeOperandKind[kind] ?? "");
    RULES.set(kind, rule);
  }
  return rule;
}

/** Whether `operand` has the shape `rule` asks for; its value and its size are not looked at. */
export function fitsRule(rule: OperandRule, operand: Operand, bitness: number): boolean {
  switch (rule.kind) {
    case "register":
      return operand.kind === "register"
        ? registerClass(operand.register) === rule.class
        : rule.orMemory && operand.kind === "memory" && !isVector(operand.index);
    case "fixed":
      return operand.kind === "register" && operand.register === rule.register;
    case "memory":
      return operand.kind === "memory" && isVector(operand.index) === rule.vectorIndex;
    case "offset":
      return operand.kind === "memory" && operand.base === Register.None &&
        operand.index === Register.None;
    case "immediate":
      return operand.kind === "value" && operand.reach === undefined;
    case "branch":
      return operand.kind === "value" && operand.size === undefined &&
        rule.bitnesses.includes(bitness) &&
        (operand.reach === undefined || (operand.reach === "short") === rule.short);
    case "far":
      // Without a keyword the mode's own width, or a wider one if the offset asks for it.
      return operand.kind === "far" &&
        (operand.size === undefined
          ? rule.bits >= Math.min(bitness, 32)
          : operand.size * 8 === rule.bits);
    case "implied":
    case "foreign":
      return false;
  }
}
