/**
 * A disagreement about raw calls as a test to paste into a file.
 *
 * @module
 */
import { MAX_MSRS_PER_RANGE } from "../../kvm/msr_filter.ts";
import { bitmapOf, type CallDisagreement, cutLength, PAGE_SIZE } from "./call_search.ts";
import { bytesBeforeEnd, KERNEL_ADDRESS, paddingOf } from "./raw_argument.ts";
import type { RawCall, RawSlot } from "./refusals.ts";
import { accessText, bitmapText, filterText, hex, testSource } from "./reproduction.ts";

function placeText(slot: RawSlot): string {
  switch (slot.place) {
    case "readable":
      return slot.nmsrs > MAX_MSRS_PER_RANGE ? "page.address" : bitmapText(bitmapOf(slot));
    case "null":
      return "0x0n";
    case "unmapped":
      return "page.end";
    case "kernel":
      return `${hex(KERNEL_ADDRESS)}n`;
    case "cut":
      return `page.end - ${cutLength(slot) - 1}n`;
  }
}

function encoded(call: RawCall): string {
  if (call.name === "X86_SET_MSR_FILTER") {
    return `encodeRawMsrFilter(${filterText(call.flags, call.slots, placeText)}).bytes`;
  }
  const args = call.args.map((arg) => `${hex(arg)}n`).join(", ");
  return `encodeRawEnableCap({ cap: CAP.X86_USER_SPACE_MSR, flags: ${
    hex(call.flags)
  }, args: [${args}] })`;
}

/** The address that is handed over, for an argument that is none in good memory. */
function addressText(call: RawCall): string | undefined {
  switch (call.argument) {
    case "null":
      return "0x0n";
    case "unmapped":
      return "argument.end";
    case "kernel":
      return `${hex(KERNEL_ADDRESS)}n`;
    case "cut":
    case "end":
      return `argument.end - ${bytesBeforeEnd(call)}n`;
    default:
      return undefined;
  }
}

/** The lines of one call; `name` is free for the bytes, which must outlive it. */
function callLines(call: RawCall, name: string, errno: string): string[] {
  const address = addressText(call);
  const paddings = paddingOf(call);
  const made = (argument: string): string =>
    `assertEquals(vm.raw(IOCTL.${call.name}, ${argument}).errno, ${errno});`;
  if (address === undefined && paddings.length === 0) return [made(encoded(call))];
  const length = bytesBeforeEnd(call);
  const isAtEnd = call.argument === "end" || call.argument === "cut";
  return [
    `const ${name} = ${encoded(call)};`,
    ...paddings.map(({ offset, bytes }) =>
      `${name}.set(Uint8Array.fromHex("${bytes.toHex()}"), ${offset});`
    ),
    ...(isAtEnd
      ? [`argument.bytes.set(${name}.subarray(0, ${length}), ${PAGE_SIZE - length});`]
      : []),
    made(address ?? name),
  ];
}

/**
 * The source of a test that fails as long as KVM takes the calls otherwise
 * than it must.
 *
 * @example Usage
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { type CallDisagreement, callDisagreementAsTest } from "@trapline/trapline/oracle";
 *
 * const disagreement: CallDisagreement = {
 *   calls: [{ name: "X86_SET_MSR_FILTER", flags: 1, slots: [] }],
 *   wanted: ["EINVAL"],
 *   problem: "wanted EINVAL, got success",
 *   access: undefined,
 * };
 * assertStringIncludes(callDisagreementAsTest(disagreement), "ERRNO.EINVAL");
 * ```
 */
export function callDisagreementAsTest(disagreement: CallDisagreement): string {
  const { calls, wanted, problem, access } = disagreement;
  const lines = calls.flatMap((call, i) =>
    callLines(call, `call${i + 1}`, wanted[i] === undefined ? "0" : `ERRNO.${wanted[i]}`)
  );
  const after = access === undefined ? undefined : accessText(access);
  const body = lines.join("\n");
  const used = ["CAP", "encodeRawEnableCap", "encodeRawMsrFilter", "ERRNO", "IOCTL"]
    .filter((name) => new RegExp(`\\b${name}\\b`).test(body));
  const pages = ["page", "argument"].filter((name) => body.includes(`${name}.`));
  const last = wanted.at(-1) ?? "success";
  return testSource({
    ...after,
    title: after === undefined
      ? `${calls.at(-1)!.name} ends in ${last}`
      : `${after.title} after raw calls`,
    names: [...used, ...(pages.length > 0 ? ["HostMemory"] : []), ...(after?.names ?? [])],
    lines: [
      ...pages.map((name) => `using ${name} = HostMemory.allocate(${PAGE_SIZE});`),
      ...lines,
      ...(after?.lines ?? []),
    ],
  }, problem);
}
