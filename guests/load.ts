/**
 * Putting a program into a guest's window.
 *
 * @module
 */
import type { GuestMemory } from "../kvm/guest_memory.ts";
import { type AsmSource, assemble, type Assembly } from "./asm/mod.ts";
import { gateTable, writeGate } from "./boot/interrupts.ts";
import { bitnessOf, type GuestMode } from "./boot/mode.ts";
import { stubLabel, stubs } from "./boot/stubs.ts";
import { isEmulationForced } from "./forced_emulation.ts";
import { LAYOUT } from "./protocol.ts";

function assembleFor(
  source: AsmSource,
  mode: GuestMode,
  base: number,
  forcedEmulation: boolean,
): Assembly {
  const program = assemble(source, {
    base: base + LAYOUT.code,
    symbols: { finish: stubs(mode, base).symbol("finish"), list: base + LAYOUT.list },
    forcedEmulation,
  });
  if (program.bytes.length > LAYOUT.codeEnd - LAYOUT.code) {
    throw new RangeError(`Cannot load ${program.bytes.length} bytes of code: 16 KiB fit`);
  }
  return program;
}

const assembled = new WeakMap<AsmSource, Map<string, Assembly>>();

/**
 * Assembles `source` for a guest of `mode` in the window at `base`; it may
 * jump to `finish` and read from `list`. The same source is assembled once for
 * each window, with forced emulation and without: it takes longer than to boot
 * the guest.
 *
 * @throws {RangeError} When the program is too long, or its bitness is not the mode's.
 * @throws {SyntaxError} When the program cannot be assembled.
 */
export function assembleProgram(source: AsmSource, mode: GuestMode, base: number): Assembly {
  if (source.bitness !== bitnessOf(mode)) {
    throw new RangeError(`Cannot load ${source.bitness}-bit code: the guest is in ${mode} mode`);
  }
  let programs = assembled.get(source);
  if (programs === undefined) assembled.set(source, programs = new Map());
  const forced = isEmulationForced();
  const key = `${base} ${mode} ${forced}`;
  let program = programs.get(key);
  if (program === undefined) programs.set(key, program = assembleFor(source, mode, base, forced));
  return program;
}

function ownVectors(program: Assembly): ReadonlyMap<number, number> {
  const own = new Map<number, number>();
  for (const [label, address] of program.entries) {
    const match = /^vector_(\d{1,3})$/.exec(label);
    if (match === null) continue;
    const vector = Number(match[1]);
    if (vector > 255) {
      throw new RangeError(`Cannot load the handler "${label}": vectors end at 255`);
    }
    own.set(vector, address);
  }
  return own;
}

/**
 * Writes `program` into the window at `base` and leads the gate of each vector
 * that it handles to it; the gates that `previous` had taken over lead to the
 * stubs again.
 *
 * @throws {RangeError} When a label `vector_N` names no vector.
 */
export function writeProgram(
  memory: GuestMemory,
  mode: GuestMode,
  base: number,
  program: Assembly,
  previous: Assembly,
): void {
  const own = ownVectors(program);
  memory.write(program.base, program.bytes);
  const table = gateTable(mode);
  const view = memory.view(base + table.offset, table.size);
  const standard = stubs(mode, base);
  for (const vector of ownVectors(previous).keys()) {
    writeGate(view, mode, vector, standard.symbol(stubLabel(vector)));
  }
  for (const [vector, address] of own) writeGate(view, mode, vector, address);
}
