/**
 * A disagreement as a test to paste into a file.
 *
 * @module
 */
import { formatMsr } from "../../kvm/abi/msr.ts";
import type { RawMsrRange } from "../../kvm/msr_filter.ts";
import type { AccessVerdict } from "./model.ts";
import type { Disagreement } from "./search.ts";

const LONG_BITMAP = 64;

/** Part of a test: its name, the public names it uses, and its lines. */
export interface TestText {
  readonly title: string;
  readonly names: readonly string[];
  readonly lines: readonly string[];
}

/** What all slots have. */
export type SlotFields = Pick<RawMsrRange, "flags" | "nmsrs" | "base">;

/** A number as source. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** A bitmap as source: an address, or its bytes. */
export function bitmapText(bitmap: RawMsrRange["bitmap"]): string {
  if (typeof bitmap === "bigint") return `${hex(bitmap)}n`;
  const [first = 0] = bitmap;
  if (bitmap.every((byte) => byte === first)) {
    const zeroed = `new Uint8Array(${bitmap.length})`;
    return first === 0 ? zeroed : `${zeroed}.fill(${hex(first)})`;
  }
  if (bitmap.length <= LONG_BITMAP) return `new Uint8Array([${[...bitmap].map(hex).join(", ")}])`;
  return `Uint8Array.fromHex("${bitmap.toHex()}")`;
}

/** The argument of `encodeRawMsrFilter` as source, its bitmaps as `bitmapOf` writes them. */
export function filterText<R extends SlotFields>(
  flags: number,
  slots: readonly R[],
  bitmapOf: (slot: R) => string,
): string {
  const lines = slots.map((slot) =>
    `      { flags: ${hex(slot.flags)}, nmsrs: ${hex(slot.nmsrs)}, base: ${
      hex(slot.base)
    }, bitmap: ${bitmapOf(slot)} },`
  );
  return [`{`, `    flags: ${hex(flags)},`, `    ranges: [`, ...lines, `    ],`, `  }`].join("\n");
}

function promise(wanted: AccessVerdict): string {
  if (wanted === "completes") return "completes";
  return wanted === "gp" ? "raises #GP" : `exits with reason ${wanted.toUpperCase()}`;
}

function assertion({ access, wanted }: Disagreement): string {
  const exit = access.kind === "read" ? "X86_RDMSR" : "X86_WRMSR";
  const label = access.kind === "read" ? "rdmsr" : "wrmsr";
  switch (wanted) {
    case "completes":
      return "assertNoFault(session, session.finish());";
    case "gp":
      return `assertGp(session, session.finish(), { rip: session.symbol("${label}") });`;
    default:
      return `assertEquals(session.next("${exit}").reasons, ["${wanted}"]);`;
  }
}

/** The access as part of a test, once `vm` is there: what it says, and what it takes to say it. */
export function accessText(disagreement: Disagreement): TestText {
  const { access, wanted } = disagreement;
  const { kind, index, value = 0n, forcedEmulation } = access;
  const options = forcedEmulation ? ", { forcedEmulation: true }" : "";
  const program = kind === "read"
    ? `guest.rdmsr(${hex(index)}${options})`
    : `guest.wrmsr(${hex(index)}, ${hex(value)}n${options})`;
  const line = assertion(disagreement);
  return {
    title: `${forcedEmulation ? "emulated " : ""}${kind} of ${formatMsr(index)} ${promise(wanted)}`,
    names: [
      ...["assertGp", "assertNoFault"].filter((name) => line.includes(name)),
      "guest",
      "Session",
    ],
    lines: [`const session = Session.boot(vm, ${program});`, line],
  };
}

/** A whole test file. */
export function testSource({ title, names, lines }: TestText, seen: string): string {
  const sorted = [...names, "Kvm"].toSorted((a, b) => a.localeCompare(b, "en"));
  return [
    `import { assertEquals } from "@std/assert";`,
    `import {`,
    ...sorted.map((name) => `  ${name},`),
    `} from "@trapline/trapline";`,
    ``,
    ...seen.split("\n").map((line, i) => i === 0 ? `// Seen: ${line}` : `// ${line}`),
    `Deno.test("${title}", () => {`,
    `  using kvm = Kvm.open();`,
    `  using vm = kvm.createVm();`,
    ...lines.map((line) => `  ${line}`),
    `});`,
    ``,
  ].join("\n");
}

/**
 * The source of a test that fails as long as KVM and the oracle disagree on
 * this access.
 *
 * @example Usage
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { type Disagreement, disagreementAsTest } from "@trapline/trapline/oracle";
 *
 * const disagreement: Disagreement = {
 *   trial: {
 *     filter: { flags: 0, ranges: [] },
 *     reasons: ["filter"],
 *     forcedEmulation: false,
 *     seed: 1,
 *   },
 *   access: { kind: "read", index: 0x174 },
 *   wanted: "filter",
 *   got: "no exit, value 0x0",
 * };
 * assertStringIncludes(disagreementAsTest(disagreement), "guest.rdmsr(0x174)");
 * ```
 */
export function disagreementAsTest(disagreement: Disagreement): string {
  const { trial, got } = disagreement;
  const { flags, ranges } = trial.filter;
  const { title, names, lines } = accessText(disagreement);
  return testSource({
    title,
    names: [...names, "encodeRawMsrFilter", "IOCTL"],
    lines: [
      `const filter = encodeRawMsrFilter(${
        filterText(flags, ranges, ({ bitmap }) => bitmapText(bitmap))
      });`,
      `vm.enableUserSpaceMsr(${JSON.stringify(trial.reasons)});`,
      `assertEquals(vm.raw(IOCTL.X86_SET_MSR_FILTER, filter.bytes).result, 0);`,
      ...lines,
    ],
  }, got);
}
