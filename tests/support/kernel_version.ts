/**
 * What is promised of some kernels only.
 *
 * @module
 */
import type { Facts } from "./facts.ts";
import type { Requirement } from "./requirements.ts";

/** Major and minor version of a kernel. */
export type KernelVersion = readonly [major: number, minor: number];

/** Whether this host's kernel is `version` or newer. */
export function isKernelFrom({ host }: Facts, version: KernelVersion): boolean {
  const [major, minor] = host.kernelVersion;
  return major > version[0] || (major === version[0] && minor >= version[1]);
}

/** The kernel is older than `from`, or `to` or newer; between them `why` not to decide. */
export function kernelOutside(from: KernelVersion, to: KernelVersion, why: string): Requirement {
  return (facts) =>
    isKernelFrom(facts, from) && !isKernelFrom(facts, to)
      ? `kernel ${facts.host.kernelVersion.join(".")}: ${why}`
      : undefined;
}
