/**
 * The configurations of a matrix: the host, and each vendor with each kernel.
 *
 * @module
 */
import { MisuseError } from "../misuse.ts";
import { GENERATION_NAMES } from "../sandbox/kernels.ts";
import type { Vendor } from "../sandbox/machine.ts";

/** A place to decide the clauses. */
export type Configuration =
  | { readonly name: "host" }
  | { readonly name: string; readonly vendor: Vendor; readonly kernel: string };

const VENDORS: readonly Vendor[] = ["amd", "intel"];

/**
 * The configurations that `vendors` and `kernels` name, with commas between
 * them; all by default.
 *
 * @throws {MisuseError} When a vendor is not known. A kernel may be the path of a bzImage.
 */
export function configurations(
  vendors: string | undefined,
  kernels: string | undefined,
  withHost: boolean,
): Configuration[] {
  const words = (text: string): string[] =>
    text.split(",").map((word) => word.trim()).filter((word) => word !== "");
  const chosen = vendors === undefined ? VENDORS : words(vendors).map((word) => {
    const vendor = VENDORS.find((vendor) => vendor === word);
    if (vendor === undefined) {
      throw new MisuseError(`Cannot use vendor "${word}": it must be one of ${VENDORS.join(", ")}`);
    }
    return vendor;
  });
  const generations = kernels === undefined ? GENERATION_NAMES : words(kernels);
  return [
    ...(withHost ? [{ name: "host" as const }] : []),
    ...chosen.flatMap((vendor) =>
      generations.map((kernel) => ({
        name: `${vendor} ${kernel.split("/").at(-1)}`,
        vendor,
        kernel,
      }))
    ),
  ];
}
