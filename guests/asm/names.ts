import { type Expression, leaves } from "./expression.ts";
import { lineError } from "./lexer.ts";
import type { Operand } from "./operand.ts";
import type { Statement } from "./statement.ts";

function operandExpressions(operand: Operand): Expression[] {
  switch (operand.kind) {
    case "register":
      return [];
    case "value":
      return [operand.value];
    case "far":
      return [operand.selector, operand.offset];
    case "memory":
      return [operand.displacement];
  }
}

function expressionsOf(statement: Statement): readonly Expression[] {
  switch (statement.kind) {
    case "data":
      return statement.items;
    case "instruction":
      return statement.operands.flatMap(operandExpressions);
    case "label":
    case "align":
      return [];
  }
}

/**
 * Checks that every name in use is a label or an external symbol, and each label placed once.
 *
 * @throws {SyntaxError} If a name is unknown or stands for two addresses.
 */
export function checkNames(
  statements: readonly Statement[],
  externals: ReadonlyMap<string, bigint>,
): void {
  const labels = new Set<string>();
  for (const statement of statements) {
    if (statement.kind !== "label") continue;
    const { name, line } = statement;
    if (labels.has(name)) throw lineError(line, `Duplicate label "${name}"`);
    if (externals.has(name)) {
      throw lineError(line, `Duplicate label "${name}", a symbol from outside has the name`);
    }
    labels.add(name);
  }
  for (const statement of statements) {
    for (const leaf of expressionsOf(statement).flatMap((expression) => [...leaves(expression)])) {
      if (leaf.kind === "symbol" && !labels.has(leaf.name) && !externals.has(leaf.name)) {
        throw lineError(statement.line, `Unknown label "${leaf.name}"`);
      }
    }
  }
}
