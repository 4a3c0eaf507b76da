/**
 * What is to be known of this host: its kernel, its CPU, its KVM modules.
 *
 * @module
 */
import { readDirectory, readTextFile } from "./sys/proc.ts";
import { SystemError } from "./sys/system_error.ts";

/** A module of KVM and its parameters, by name. */
export interface KvmModule {
  /** `kvm`, `kvm_amd`, `kvm_intel`, ... */
  readonly name: string;
  /** Its parameters as `/sys/module` shows them, `Y`, `N` or a number. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The host as the kernel describes it. */
export interface Host {
  /** `uname -r`. */
  readonly kernelRelease: string;
  /** Major and minor version of the kernel. */
  readonly kernelVersion: readonly [major: number, minor: number];
  /** `vendor_id` of the first CPU, `AuthenticAMD`. */
  readonly cpuVendor: string;
  /** `model name` of the first CPU. */
  readonly cpuModel: string;
  /** `flags` of the first CPU. */
  readonly cpuFlags: ReadonlySet<string>;
  /** The loaded modules of KVM, `kvm` first. */
  readonly modules: readonly KvmModule[];
}

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SystemError) return otherwise;
    throw error;
  }
}

function parameters(module: string): Record<string, string> {
  const folder = `/sys/module/${module}/parameters`;
  const names = orElse(() => readDirectory(folder), []).sort();
  return Object.fromEntries(
    names.map((name) => [name, orElse(() => readTextFile(`${folder}/${name}`).trim(), "?")]),
  );
}

/**
 * Reads what the kernel says of this host in `/proc` and `/sys`; what it does
 * not say is empty.
 *
 * @example Usage
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { readHost } from "@trapline/trapline";
 *
 * assertMatch(readHost().kernelRelease, /^\d+\.\d+/);
 * ```
 */
export function readHost(): Host {
  const kernelRelease = orElse(() => readTextFile("/proc/sys/kernel/osrelease").trim(), "");
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(kernelRelease) ?? [];
  const cpuinfo = orElse(() => readTextFile("/proc/cpuinfo"), "");
  const field = (name: string): string =>
    new RegExp(`^${name}\\s*: (.*)$`, "m").exec(cpuinfo)?.[1] ?? "";
  const modules = orElse(() => readDirectory("/sys/module"), [])
    .filter((name) => name === "kvm" || name.startsWith("kvm_"))
    .sort()
    .map((name) => ({ name, parameters: parameters(name) }));
  return {
    kernelRelease,
    kernelVersion: [Number(major), Number(minor)],
    cpuVendor: field("vendor_id"),
    cpuModel: field("model name"),
    cpuFlags: new Set(field("flags").split(" ").filter((flag) => flag !== "")),
    modules,
  };
}
