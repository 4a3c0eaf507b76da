/**
 * The map of a sweep: what every MSR does on one KVM, in the format of `--json`.
 *
 * @module
 */
import type { MsrWindow } from "@trapline/trapline/sweep";
import type { MsrRun } from "../../guests/sweep/record.ts";
import { windowText } from "../../guests/sweep/windows.ts";
import { msrName } from "./names.ts";

/** A whole map. */
export interface SweepMap {
  /** The host. */
  readonly host: {
    /** `uname -r`. */
    readonly kernel: string;
    /** The CPU's vendor and model. */
    readonly cpu: string;
    /** The loaded modules of KVM. */
    readonly modules: readonly string[];
  };
  /** When the sweep began, ISO 8601. */
  readonly made: string;
  /** How long it took. */
  readonly seconds: number;
  /** What the reader must know of all of it. */
  readonly notes: readonly string[];
  /** Which part this is of a sweep that was divided. */
  readonly part?: {
    /** The shard, `2/8`. */
    readonly shard: string;
    /** What all shards together sweep. */
    readonly of: readonly MsrWindow[];
  };
  /** What was swept. */
  readonly windows: readonly MsrWindow[];
  /** What is known, in the order of the indices. */
  readonly runs: readonly MsrRun[];
}

/** The map as JSON, one run a line. */
export function mapToJson(map: SweepMap): string {
  const { runs, windows, part, ...head } = map;
  const lines = runs.map(({ first, last, record }) => {
    const name = first === last ? msrName(first) : undefined;
    return JSON.stringify({
      msr: windowText({ first, last }),
      ...(name !== undefined && { name }),
      ...record,
    });
  });
  const fields = {
    version: 1,
    ...head,
    ...(part !== undefined && { part: { ...part, of: part.of.map(windowText) } }),
    windows: windows.map(windowText),
  };
  return `${JSON.stringify(fields, undefined, 1).slice(0, -2)},\n "msrs": [\n  ${
    lines.join(",\n  ")
  }\n ]\n}\n`;
}

function windowOf(text: string): MsrWindow {
  const [first, last = first] = text.split("-").map(Number);
  return { first: first!, last: last! };
}

/**
 * Reads what {@linkcode mapToJson} wrote.
 *
 * @throws {SyntaxError} When `text` is no such map.
 */
export function mapFromJson(text: string): SweepMap {
  const { version, msrs, windows, part, ...head } = JSON.parse(text);
  if (version !== 1 || !Array.isArray(msrs) || !Array.isArray(windows)) {
    throw new SyntaxError("Cannot read a map: it must be what sweep --json writes, of version 1");
  }
  return {
    ...head,
    ...(part !== undefined && { part: { ...part, of: part.of.map(windowOf) } }),
    windows: windows.map(windowOf),
    runs: msrs.map(({ msr, name: _, ...record }) => ({ ...windowOf(msr), record })),
  };
}
