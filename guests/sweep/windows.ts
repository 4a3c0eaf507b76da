/**
 * The windows of MSR indices that a sweep goes through.
 *
 * @module
 */
/** MSR indices from `first` to `last`, both included. */
export interface MsrWindow {
  /** First MSR index. */
  readonly first: number;
  /** Last MSR index. */
  readonly last: number;
}

/** Where the architectures and KVM have their MSRs: 25,344 indices, which go up. */
export const MSR_WINDOWS: readonly (MsrWindow & { readonly name: string })[] = [
  { first: 0x0, last: 0x1fff, name: "Intel's space, architectural MSRs and x2APIC" },
  { first: 0x4000_0000, last: 0x4000_01ff, name: "Hyper-V's paravirtual MSRs" },
  { first: 0x4b56_4d00, last: 0x4b56_4dff, name: "KVM's paravirtual MSRs" },
  { first: 0xc000_0000, last: 0xc000_1fff, name: "AMD's space, EFER and the SYSCALL MSRs" },
  { first: 0xc001_0000, last: 0xc001_1fff, name: "AMD's K7 and later" },
];

/** `0xc0000080`. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** `0x10`, or `0x10-0x1f`. */
export function windowText({ first, last }: MsrWindow): string {
  return first === last ? hex(first) : `${hex(first)}-${hex(last)}`;
}

/** What is in a window, where it lies in one of {@linkcode MSR_WINDOWS}. */
export function windowName({ first, last }: MsrWindow): string | undefined {
  return MSR_WINDOWS.find((window) => first >= window.first && last <= window.last)?.name;
}

/**
 * The indices of `windows`, in their order.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MSR_WINDOWS, msrIndices } from "@trapline/trapline/sweep";
 *
 * assertEquals(msrIndices([{ first: 0x174, last: 0x176 }]), [0x174, 0x175, 0x176]);
 * assertEquals(msrIndices(MSR_WINDOWS).length, 25_344);
 * ```
 */
export function msrIndices(windows: readonly MsrWindow[]): number[] {
  return windows.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i)
  );
}
