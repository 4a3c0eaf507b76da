/**
 * A disagreement as a test to paste into a file.
 *
 * @module
 */
import { formatMsr } from "../../kvm/abi/msr.ts";
import type { RawMsrFilter, RawMsrRange } from "../../kvm/msr_filter.ts";
import type { AccessVerdict } from "./model.ts";
import type { Disagreement } from "./search.ts";

const LONG_BITMAP = 64;

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

function bitmapText(bitmap: RawMsrRange["bitmap"]): string {
  if (typeof bitmap === "bigint") return `${hex(bitmap)}n`;
  const [first = 0] = bitmap;
  if (bitmap.every((byte) => byte === first)) {
    const zeroed = `new Uint8Array(${bitmap.length})`;
    return first === 0 ? zeroed : `${zeroed}.fill(${hex(first)})`;
  }
  if (bitmap.length <= LONG_BITMAP) return `new Uint8Array([${[...bitmap].map(hex).join(", ")}])`;
  return `Uint8Array.fromHex("${bitmap.toHex()}")`;
}

function filterText({ flags, ranges }: RawMsrFilter): string {
  const slots = ranges.map(({ flags, nmsrs, base, bitmap }) =>
    `      { flags: ${flags}, nmsrs: ${hex(nmsrs)}, base: ${hex(base)}, bitmap: ${
      bitmapText(bitmap)
    } },`
  );
  return [`{`, `    flags: ${flags},`, `    ranges: [`, ...slots, `    ],`, `  }`].join("\n");
}

function promise(wanted: AccessVerdict): string {
  if (wanted === "completes") return "completes";
  return wanted === "gp" ? "raises #GP" : `exits with reason ${wanted.toUpperCase()}`;
}

function assertions(wanted: AccessVerdict, { access }: Disagreement): string[] {
  const exit = access.kind === "read" ? "X86_RDMSR" : "X86_WRMSR";
  switch (wanted) {
    case "completes":
      return ["assertNoFault(session, session.finish());"];
    case "gp":
      return [
        `assertGp(session, session.finish(), { rip: session.symbol("${
          exit === "X86_RDMSR" ? "rdmsr" : "wrmsr"
        }") });`,
      ];
    default:
      return [`assertEquals(session.next("${exit}").reasons, ["${wanted}"]);`];
  }
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
  const { trial, access, wanted, got } = disagreement;
  const { kind, index, value = 0n, forcedEmulation } = access;
  const how = forcedEmulation ? "emulated " : "";
  const options = forcedEmulation ? ", { forcedEmulation: true }" : "";
  const program = kind === "read"
    ? `guest.rdmsr(${hex(index)}${options})`
    : `guest.wrmsr(${hex(index)}, ${hex(value)}n${options})`;
  const asserts = assertions(wanted, disagreement);
  const names = ["assertGp", "assertNoFault"].filter((name) => asserts.join().includes(name));
  return [
    `import { assertEquals } from "@std/assert";`,
    `import {`,
    ...[...names, "encodeRawMsrFilter", "guest", "IOCTL", "Kvm", "Session"].map((name) =>
      `  ${name},`
    ),
    `} from "@trapline/trapline";`,
    ``,
    `// Seen: ${got}.`,
    `Deno.test("${how}${kind} of ${formatMsr(index)} ${promise(wanted)}", () => {`,
    `  const filter = encodeRawMsrFilter(${filterText(trial.filter)});`,
    `  using kvm = Kvm.open();`,
    `  using vm = kvm.createVm();`,
    `  vm.enableUserSpaceMsr(${JSON.stringify(trial.reasons)});`,
    `  assertEquals(vm.raw(IOCTL.X86_SET_MSR_FILTER, filter.bytes).result, 0);`,
    `  const session = Session.boot(vm, ${program});`,
    ...asserts.map((line) => `  ${line}`),
    `});`,
    ``,
  ].join("\n");
}
