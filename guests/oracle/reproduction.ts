/**
 * A disagreement as a test to paste into a file.
 *
 * @module
 */
import { formatMsr } from "../../kvm/abi/msr.ts";
import type { RawMsrRange } from "../../kvm/msr_filter.ts";
import type { MsrAccess } from "../walker.ts";
import type { AccessVerdict } from "./model.ts";
import { answerTo } from "./outcome.ts";
import { HARMLESS, isKept } from "./values.ts";
import type { Disagreement } from "./disagreement.ts";

const LONG_BITMAP = 64;

/** Part of a test: its name, the public names it uses, and its lines. */
export interface TestText {
  readonly title: string;
  readonly names: readonly string[];
  readonly lines: readonly string[];
  /** The names it uses of the oracle; when there are some, `search` is what its VM belongs to. */
  readonly oracleNames?: readonly string[];
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

function valueText({ value = 0n }: MsrAccess): string {
  return `${hex(value)}n`;
}

/** The exit with all that user space sees of it, its answer, and what the guest sees of that. */
function exitLines({ trial, access, wanted }: Disagreement): string[] {
  const isRead = access.kind === "read";
  const data = isRead ? "0x0n" : valueText(access);
  const lines = [
    `const exit = session.next("X86_${isRead ? "RDMSR" : "WRMSR"}");`,
    `assertEquals(exit.reasons, ["${wanted}"]);`,
    `assertEquals([exit.index, exit.data], [${hex(access.index)}, ${data}]);`,
  ];
  const answer = answerTo(trial.seed, access);
  switch (answer.kind) {
    case "refuse":
      return [...lines, "exit.refuse();", gpLine(access)];
    case "acknowledge":
      return [...lines, "exit.acknowledge();", "assertNoFault(session, session.finish());"];
    case "value": {
      const value = `${hex(answer.value)}n`;
      return [
        ...lines,
        `exit.supply(${value});`,
        `assertValue(session, session.finish(), ${value});`,
      ];
    }
  }
}

function gpLine({ kind }: MsrAccess): string {
  const label = kind === "read" ? "rdmsr" : "wrmsr";
  return `assertGp(session, session.finish(), { rip: session.symbol("${label}") });`;
}

function outcomeLines(disagreement: Disagreement): string[] {
  const { access, wanted } = disagreement;
  const { kind, index, value = 0n } = access;
  const isStable = HARMLESS.has(index);
  const held = `session.vcpu.getMsr(${hex(index)})`;
  if (wanted !== "completes") {
    const lines = wanted === "gp" ? [gpLine(access)] : exitLines(disagreement);
    if (kind === "read" || !isStable) return lines;
    return [`const before = ${held};`, ...lines, `assertEquals(${held}, before);`];
  }
  if (kind === "read" && isStable) return [`assertValue(session, session.finish(), ${held});`];
  const lines = ["assertNoFault(session, session.finish());"];
  if (isKept(index, value)) lines.push(`assertEquals(${held}, ${valueText(access)});`);
  return lines;
}

function titleOf({ access, wanted }: Disagreement): string {
  const { kind, index, forcedEmulation } = access;
  return `${forcedEmulation ? "emulated " : ""}${kind} of ${formatMsr(index)} ${promise(wanted)}`;
}

function aloneText(disagreement: Disagreement): TestText {
  const { kind, index, forcedEmulation } = disagreement.access;
  const options = forcedEmulation ? ", { forcedEmulation: true }" : "";
  const program = kind === "read"
    ? `guest.rdmsr(${hex(index)}${options})`
    : `guest.wrmsr(${hex(index)}, ${valueText(disagreement.access)}${options})`;
  const lines = outcomeLines(disagreement);
  const asserts = ["assertGp", "assertNoFault", "assertValue"];
  return {
    title: titleOf(disagreement),
    names: [
      ...asserts.filter((name) => lines.some((line) => line.includes(`${name}(`))),
      "guest",
      "Session",
    ],
    lines: [`const session = Session.boot(vm, ${program});`, ...lines],
  };
}

function entryText(access: MsrAccess): string {
  const { kind, index, forcedEmulation } = access;
  const value = kind === "write" ? `, value: ${valueText(access)}` : "";
  const emulated = forcedEmulation ? ", forcedEmulation: true" : "";
  return `  { kind: "${kind}", index: ${hex(index)}${value}${emulated} },`;
}

/** The walk that it takes, compared as the search did: exits are answered by the trial's seed. */
function amongText(disagreement: Disagreement, among: readonly MsrAccess[]): TestText {
  const { filter, reasons, forcedEmulation, seed } = disagreement.trial;
  return {
    title: `${titleOf(disagreement)} after ${among.length - 1} other accesses`,
    names: ["type MsrAccess"],
    oracleNames: ["FilterSearch", "type FilterTrial"],
    lines: [
      `const trial: FilterTrial = {`,
      `  filter: ${filterText(filter.flags, filter.ranges, ({ bitmap }) => bitmapText(bitmap))},`,
      `  reasons: ${JSON.stringify(reasons)},`,
      `  forcedEmulation: ${forcedEmulation},`,
      `  seed: ${seed},`,
      `};`,
      `const accesses: MsrAccess[] = [`,
      ...among.map(entryText),
      `];`,
      `assertEquals(search.compareWalkInForce(trial, accesses), undefined);`,
    ],
  };
}

/** The access as part of a test, once `vm` is there: what it says, and what it takes to say it. */
export function accessText(disagreement: Disagreement): TestText {
  const { among } = disagreement;
  return among === undefined ? aloneText(disagreement) : amongText(disagreement, among);
}

function importText(names: readonly string[], from: string): string[] {
  const sorted = [...new Set(names)].toSorted((a, b) => a.localeCompare(b, "en"));
  return [`import {`, ...sorted.map((name) => `  ${name},`), `} from "${from}";`];
}

/** A whole test file. */
export function testSource(text: TestText, seen: string): string {
  const { title, names, lines, oracleNames = [] } = text;
  const isSearched = oracleNames.length > 0;
  return [
    `import { assertEquals } from "@std/assert";`,
    ...importText([...names, "Kvm"], "@trapline/trapline"),
    ...(isSearched ? importText(oracleNames, "@trapline/trapline/oracle") : []),
    ``,
    ...seen.split("\n").map((line, i) => i === 0 ? `// Seen: ${line}` : `// ${line}`),
    `Deno.test("${title}", () => {`,
    `  using kvm = Kvm.open();`,
    ...(isSearched
      ? [`  using search = new FilterSearch(kvm);`, `  const { vm } = search;`]
      : [`  using vm = kvm.createVm();`]),
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
  const text = accessText(disagreement);
  return testSource({
    ...text,
    names: [...text.names, "encodeRawMsrFilter", "IOCTL"],
    lines: [
      `const filter = encodeRawMsrFilter(${
        filterText(flags, ranges, ({ bitmap }) => bitmapText(bitmap))
      });`,
      `vm.enableUserSpaceMsr(${JSON.stringify(trial.reasons)});`,
      `assertEquals(vm.raw(IOCTL.X86_SET_MSR_FILTER, filter.bytes).result, 0);`,
      ...text.lines,
    ],
  }, got);
}
