/**
 * The machine that a run asked, as result files have it.
 *
 * @module
 */
import { readHost } from "@trapline/trapline";
import type { HostRecord } from "./format.ts";

/** This machine. */
export function hostRecord(): HostRecord {
  const { kernelRelease, cpuVendor, cpuModel, modules } = readHost();
  return {
    kernel: kernelRelease,
    cpu: `${cpuVendor} ${cpuModel}`.trim(),
    modules: Object.fromEntries(modules.map(({ name, parameters }) => [name, parameters])),
  };
}

/**
 * The name of this machine's configuration: `host`, or in a sandbox its vendor
 * and kernel, such as `amd 6.12`, as `matrix` names it.
 *
 * @param config What `--config` would take to come here, `TRAPLINE_CONFIG` in a sandbox.
 */
export function configurationName(
  config: string | undefined = Deno.env.get("TRAPLINE_CONFIG"),
): string {
  if (config === undefined || config === "") return "host";
  const [vendor = "", ...kernel] = config.split(":");
  return [vendor, kernel.join(":").split("/").at(-1)].join(" ").trim();
}
