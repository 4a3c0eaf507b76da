import { Register } from "iced-x86";
import { type Form, formsOf } from "./forms.ts";
import { lineError } from "./lexer.ts";
import { tableMnemonic } from "./mnemonic.ts";
import type { MemoryOperand, Operand } from "./operand.ts";
import { fitsRule } from "./operand_rule.ts";
import { type RegisterClass, registerClass } from "./registers.ts";
import type { Bitness } from "./source.ts";
import type { InstructionStatement } from "./statement.ts";

/** How many encodings an error message lists. */
const LISTED_FORMS = 6;

const SIZE_NAMES: Readonly<Record<number, string>> = {
  1: "byte",
  2: "word",
  4: "dword",
  6: "fword",
  8: "qword",
  10: "tbyte",
  16: "oword",
  32: "yword",
  64: "zword",
};

/** Instructions that mean the same with their operands swapped and are tabled one way only. */
const COMMUTATIVE: ReadonlySet<string> = new Set(["test", "xchg"]);

/** Instructions that read a selector, 16 bits of their register whatever its width. */
const SELECTOR_READERS: ReadonlySet<string> = new Set(["lldt", "lmsw", "ltr", "verr", "verw"]);

function isOfClass(operand: Operand | undefined, wanted: RegisterClass): boolean {
  return operand?.kind === "register" && registerClass(operand.register) === wanted;
}

/** The operand with a 16-bit register replaced by the 32-bit one around it. */
function widened(operand: Operand): Operand {
  return operand.kind === "register" && isOfClass(operand, "r16")
    ? { kind: "register", register: operand.register - Register.AX + Register.EAX }
    : operand;
}

/**
 * The ways to take the written operands, the written one first: swapped, with the repeated operand
 * of IMUL, or with the register that saves a prefix.
 */
function readings(name: string, operands: readonly Operand[]): (readonly Operand[])[] {
  const [first, second] = operands;
  if (COMMUTATIVE.has(name)) return [operands, operands.toReversed()];
  if (name === "imul" && first !== undefined && second !== undefined) {
    return [operands, [first, ...operands]];
  }
  const readsSelector = SELECTOR_READERS.has(name) || (name === "mov" && isOfClass(first, "seg"));
  return readsSelector ? [operands, operands.map(widened)] : [operands];
}

/** An encoding an instruction may end in, and the operands in the order it takes them. */
export interface Candidate {
  readonly form: Form;
  readonly operands: readonly Operand[];
}

/** A sentence part naming up to six encodings. */
export function listForms(forms: readonly Form[]): string {
  const texts = [...new Set(forms.map((form) => form.text))];
  const rest = texts.length > LISTED_FORMS ? ", ..." : "";
  return texts.slice(0, LISTED_FORMS).map((text) => `"${text}"`).join(", ") + rest;
}

function fitsShape(form: Form, operands: readonly Operand[], bitness: Bitness): boolean {
  const written = form.rules.filter((rule) => rule.kind !== "implied");
  if (operands.length === 0 && written.length < form.rules.length) {
    return written.every((rule) => rule.kind === "fixed");
  }
  return written.length === operands.length &&
    written.every((rule, index) => {
      const operand = operands[index];
      return operand !== undefined && fitsRule(rule, operand, bitness);
    });
}

/** The forms with the operands most like the written ones in front. */
function nearest(
  forms: readonly Form[],
  operands: readonly Operand[],
  bitness: Bitness,
): readonly Form[] {
  const likeness = (form: Form): number =>
    form.rules.filter((rule, index) => {
      const operand = operands[index];
      return operand !== undefined && fitsRule(rule, operand, bitness);
    }).length;
  return forms.toSorted((left, right) => likeness(right) - likeness(left));
}

/** Whether the form reads as much memory as the keyword says, or as the branch needs. */
function fitsMemory(form: Form, operand: MemoryOperand, name: string, bitness: Bitness): boolean {
  const { size, far } = operand;
  if (name !== "call" && name !== "jmp") {
    return !far && (size === undefined || form.memoryBytes === 0 || form.memoryBytes === size);
  }
  if (!form.farMemory) return !far && form.memoryBytes === (size ?? bitness / 8);
  if (size === 6 || size === 10) return form.memoryBytes === size;
  if (!far) return false;
  // A size before a far pointer is that of its offset; without one 64-bit code has two to offer.
  return size !== undefined
    ? form.memoryBytes === size + 2
    : form.memoryBytes === bitness / 8 + 2 || (bitness === 64 && form.memoryBytes === 6);
}

/** Whether the size keyword before an immediate, or PUSH without one, asks for this form. */
function fitsImmediate(
  form: Form,
  size: number | undefined,
  name: string,
  bitness: Bitness,
): boolean {
  if (size === 1) {
    return form.rules.some((rule) => rule.kind === "immediate" && rule.bits === 8) &&
      (name !== "push" || form.operandSize === bitness);
  }
  const wanted = size === undefined && name === "push" ? bitness / 8 : size;
  return wanted === undefined || form.operandSize === wanted * 8;
}

function fitsSizes(
  form: Form,
  operands: readonly Operand[],
  name: string,
  bitness: Bitness,
): boolean {
  return operands.every((operand) => {
    if (operand.kind === "memory") return fitsMemory(form, operand, name, bitness);
    if (operand.kind === "value" && !form.rules.some((rule) => rule.kind === "branch")) {
      return fitsImmediate(form, operand.size, name, bitness);
    }
    return true;
  });
}

/** Refuses memory without a size where the encodings disagree about it. */
function checkAmbiguity(
  instruction: InstructionStatement,
  candidates: readonly Candidate[],
): void {
  const unsized = instruction.operands.some((operand) =>
    operand.kind === "memory" && operand.size === undefined
  );
  const sizes = [...new Set(candidates.map(({ form }) => form.memoryBytes))]
    .filter((bytes) => bytes !== 0)
    .sort((left, right) => left - right)
    .map((bytes) => SIZE_NAMES[bytes]);
  if (unsized && sizes.length > 1) {
    throw lineError(
      instruction.line,
      `Operand size is ambiguous, write one of ${sizes.join(", ")} before the memory operand`,
    );
  }
}

/** Leaves the candidates that take the prefix. */
function withPrefix(
  instruction: InstructionStatement,
  candidates: readonly Candidate[],
): readonly Candidate[] {
  const { prefix, operands, line, mnemonic } = instruction;
  if (prefix === undefined) return candidates;
  const inMemory = operands.some((operand) => operand.kind === "memory");
  const taking = prefix === "lock" && !inMemory
    ? []
    : candidates.filter(({ form }) => form[prefix]);
  if (taking.length === 0) {
    throw lineError(line, `"${mnemonic}" takes no ${prefix} prefix here, write its byte with db`);
  }
  return taking;
}

/**
 * Picks the encodings whose operands have the shape and size of the written ones. Which of them
 * holds the values in the fewest bytes is seen when the addresses are known.
 *
 * @throws {SyntaxError} If there is none, or if the size of a memory operand is left open.
 */
export function selectCandidates(
  instruction: InstructionStatement,
  bitness: Bitness,
): readonly Candidate[] {
  const { mnemonic, line } = instruction;
  const { name, operandSize } = tableMnemonic(mnemonic, bitness);
  const forms = formsOf(name);
  if (forms.length === 0) throw lineError(line, `Unknown mnemonic "${mnemonic}"`);
  const available = forms.filter((form) =>
    form.bitnesses.includes(bitness) &&
    (operandSize === undefined || form.operandSize === operandSize)
  );
  if (available.length === 0) {
    throw lineError(line, `"${mnemonic}" does not exist in ${bitness}-bit code`);
  }
  const candidates = readings(name, instruction.operands).flatMap((operands) =>
    available.filter((form) =>
      fitsShape(form, operands, bitness) && fitsSizes(form, operands, name, bitness)
    ).map((form) => ({ form, operands }))
  );
  if (candidates.length === 0) {
    const known = listForms(nearest(available, instruction.operands, bitness));
    throw lineError(line, `No encoding takes these operands, there are ${known}`);
  }
  checkAmbiguity(instruction, candidates);
  return withPrefix(instruction, candidates);
}
