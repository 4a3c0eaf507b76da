import { Code, type Encoder, Instruction, OpKind, Register } from "iced-x86";
import { evaluate, isSymbolic, type Scope } from "./expression.ts";
import type { Form } from "./forms.ts";
import { setMemory } from "./encode_memory.ts";
import { Misfit, outOfRange } from "./misfit.ts";
import type { FarOperand, Operand } from "./operand.ts";
import type { ImpliedMemory, OperandRule } from "./operand_rule.ts";
import type { Bitness } from "./source.ts";
import type { Prefix } from "./statement.ts";

/** What an encoding is filled with. */
export interface Filling {
  readonly bitness: Bitness;
  readonly prefix: Prefix | undefined;
  readonly operands: readonly Operand[];
  /** Values of names; `here` is the address of the instruction. */
  readonly scope: Scope;
}

const IMMEDIATE_KINDS: Readonly<Record<string, OpKind>> = {
  "8": OpKind.Immediate8,
  "16": OpKind.Immediate16,
  "32": OpKind.Immediate32,
  "64": OpKind.Immediate64,
  "8to16": OpKind.Immediate8to16,
  "8to32": OpKind.Immediate8to32,
  "8to64": OpKind.Immediate8to64,
  "32to64": OpKind.Immediate32to64,
};

const IMPLIED_KINDS: Readonly<
  Record<Exclude<ImpliedMemory, "table">, Readonly<Record<Bitness, OpKind>>>
> = {
  source: { 16: OpKind.MemorySegSI, 32: OpKind.MemorySegESI, 64: OpKind.MemorySegRSI },
  destination: { 16: OpKind.MemoryESDI, 32: OpKind.MemoryESEDI, 64: OpKind.MemoryESRDI },
  masked: { 16: OpKind.MemorySegDI, 32: OpKind.MemorySegEDI, 64: OpKind.MemorySegRDI },
};

const TABLE_BASE: Readonly<Record<Bitness, Register>> = {
  16: Register.BX,
  32: Register.EBX,
  64: Register.RBX,
};

const UNREACHABLE = "Branch target is out of reach";

const BRANCH_KINDS: Readonly<Record<Bitness, OpKind>> = {
  16: OpKind.NearBranch16,
  32: OpKind.NearBranch32,
  64: OpKind.NearBranch64,
};

function setImmediate(
  instruction: Instruction,
  place: number,
  rule: Extract<OperandRule, { kind: "immediate" }>,
  value: bigint,
): void {
  const { bits, extended } = rule;
  const inRange = value >= -(1n << BigInt(extended - 1)) && value < 1n << BigInt(extended);
  if (!inRange || BigInt.asIntN(bits, value) !== BigInt.asIntN(extended, value)) {
    throw outOfRange(value);
  }
  const kind = IMMEDIATE_KINDS[bits === extended ? `${bits}` : `${bits}to${extended}`];
  const afterImmediate = place > 0 && instruction.opKind(place - 1) >= OpKind.Immediate8 &&
    instruction.opKind(place - 1) <= OpKind.Immediate32to64;
  instruction.setOpKind(place, afterImmediate ? OpKind.Immediate8_2nd : kind ?? OpKind.Immediate8);
  instruction.setImmediateI64(place, BigInt.asIntN(64, value));
}

function setBranch(
  instruction: Instruction,
  place: number,
  rule: Extract<OperandRule, { kind: "branch" }>,
  { bitness, scope }: Filling,
  target: bigint,
): void {
  // XBEGIN leads to a 32-bit address even in 16-bit code.
  const width = rule.fallback && bitness === 16 ? 32 : bitness;
  // The instruction pointer wraps around, but nobody means a target a whole round away.
  const round = 1n << BigInt(width);
  const distance = target - scope.here;
  if (distance >= round || distance <= -round) throw new Misfit(UNREACHABLE);
  instruction.setOpKind(place, BRANCH_KINDS[width]);
  instruction.nearBranch64 = BigInt.asUintN(width, target);
}

function setFar(
  instruction: Instruction,
  bits: 16 | 32,
  operand: FarOperand,
  scope: Scope,
): void {
  const selector = evaluate(operand.selector, scope);
  const offset = evaluate(operand.offset, scope);
  if (BigInt.asUintN(16, selector) !== selector) throw outOfRange(selector);
  if (BigInt.asUintN(bits, offset) !== offset) throw outOfRange(offset);
  instruction.setOpKind(0, bits === 16 ? OpKind.FarBranch16 : OpKind.FarBranch32);
  instruction.farBranchSelector = Number(selector);
  instruction.farBranch32 = Number(offset);
}

function setImplied(
  instruction: Instruction,
  place: number,
  memory: ImpliedMemory,
  bitness: Bitness,
): void {
  if (memory !== "table") {
    instruction.setOpKind(place, IMPLIED_KINDS[memory][bitness]);
    return;
  }
  instruction.setOpKind(place, OpKind.Memory);
  instruction.memoryBase = TABLE_BASE[bitness];
  instruction.memoryIndex = Register.AL;
}

function setPlace(
  instruction: Instruction,
  place: number,
  rule: OperandRule,
  operand: Operand | undefined,
  filling: Filling,
): void {
  const { bitness, scope } = filling;
  if (rule.kind === "implied") setImplied(instruction, place, rule.memory, bitness);
  else if (rule.kind === "fixed") instruction.setOpRegister(place, rule.register);
  else if (operand?.kind === "register") instruction.setOpRegister(place, operand.register);
  else if (operand?.kind === "memory") {
    instruction.setOpKind(place, OpKind.Memory);
    setMemory(instruction, operand, { bitness, scope, offset: rule.kind === "offset" });
  } else if (operand?.kind === "far" && rule.kind === "far") {
    setFar(instruction, rule.bits, operand, scope);
  } else if (operand?.kind === "value" && rule.kind === "branch") {
    setBranch(instruction, place, rule, filling, evaluate(operand.value, scope));
  } else if (operand?.kind === "value" && rule.kind === "immediate") {
    setImmediate(instruction, place, rule, evaluate(operand.value, scope));
  }
}

/** Refuses 0x90 for `xchg eax, eax` in 64-bit code: NOP leaves the upper half of RAX alone. */
function checkExchange(form: Form, { bitness, operands }: Filling): void {
  const [first] = operands;
  if (
    bitness === 64 && form.code === Code.Xchg_r32_EAX && first?.kind === "register" &&
    first.register === Register.EAX
  ) throw new Misfit(`"${form.text}" does not exchange eax with itself`);
}

function runEncoder(
  encoder: Encoder,
  instruction: Instruction,
  form: Form,
  address: bigint,
): Uint8Array {
  try {
    encoder.encode(instruction, address);
    return encoder.takeBuffer();
  } catch (error) {
    encoder.takeBuffer();
    if (form.rules.some((rule) => rule.kind === "branch")) {
      throw new Misfit(UNREACHABLE, { cause: error });
    }
    const detail = error instanceof Error ? error.message : String(error);
    throw new Misfit(`The encoder refuses: ${detail}`, { cause: error });
  }
}

/**
 * Encodes an instruction in the given form.
 *
 * @throws {Misfit} If the form cannot hold the values, or the encoder refuses the combination.
 */
export function encodeForm(encoder: Encoder, form: Form, filling: Filling): Uint8Array {
  const { operands, prefix, scope } = filling;
  checkExchange(form, filling);
  const instruction = Instruction.create(form.code);
  try {
    const written = operands.values();
    form.rules.forEach((rule, place) => {
      const operand = rule.kind === "implied" ? undefined : written.next().value;
      setPlace(instruction, place, rule, operand, filling);
    });
    if (prefix === "lock") instruction.hasLockPrefix = true;
    if (prefix === "rep") instruction.hasRepPrefix = true;
    if (prefix === "repne") instruction.hasRepnePrefix = true;

    const bytes = runEncoder(encoder, instruction, form, scope.here);
    const distance = operands.find((operand) =>
      operand.kind === "memory" && instruction.isIpRelMemoryOperand && !operand.relative
    );
    if (distance === undefined) return bytes;
    // `[rip + 8]` counts from the next instruction, whose place only the length tells.
    instruction.memoryDisplacementU64 = BigInt.asUintN(
      64,
      instruction.memoryDisplacementU64 + scope.here + BigInt(bytes.length),
    );
    return runEncoder(encoder, instruction, form, scope.here);
  } finally {
    instruction.free();
  }
}

/** Whether the bytes of an instruction may depend on where it and its labels stand. */
export function dependsOnLayout(form: Form, operands: readonly Operand[]): boolean {
  return form.rules.some((rule) => rule.kind === "branch") || operands.some((operand) => {
    switch (operand.kind) {
      case "register":
        return false;
      case "value":
        return isSymbolic(operand.value);
      case "far":
        return isSymbolic(operand.selector) || isSymbolic(operand.offset);
      case "memory":
        return operand.relative || isSymbolic(operand.displacement);
    }
  });
}
