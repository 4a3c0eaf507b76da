/**
 * What the doctor finds, which is also what `--json` prints: one object of
 * this shape. Keys are only ever added.
 *
 * @module
 */
import type { KvmModule, KvmUnavailableCause } from "@trapline/trapline";

/** All that was found. */
export interface Report {
  /** Whether guests run under an MSR filter here; exit status 0 exactly when they do. */
  readonly ok: boolean;
  /** What Deno was built for. */
  readonly platform: Platform;
  /** `uname -r`; empty when it is not known. */
  readonly kernelRelease: string;
  /** The first CPU. */
  readonly cpu: CpuFact;
  /** The loaded modules of KVM with all their parameters. */
  readonly modules: readonly KvmModule[];
  /** The parameters that matter to Trapline, of the loaded modules. */
  readonly parameters: readonly ParameterFact[];
  /** The KVM device. */
  readonly device: DeviceFact;
  /** `KVM_GET_API_VERSION`; `null` when the device cannot be used. */
  readonly apiVersion: number | null;
  /** The capabilities that Trapline uses; empty when the device cannot be used. */
  readonly capabilities: readonly CapabilityFact[];
  /** What guests did; empty when the device cannot be used. */
  readonly guests: readonly GuestFact[];
  /** What is missing, with its remedy. */
  readonly findings: readonly Finding[];
}

/** An operating system and an architecture by Deno's names. */
export interface Platform {
  /** `linux`. */
  readonly os: string;
  /** `x86_64`. */
  readonly arch: string;
}

/** A CPU as `/proc/cpuinfo` shows it. */
export interface CpuFact {
  /** `AuthenticAMD`. */
  readonly vendor: string;
  /** The model name. */
  readonly model: string;
  /** AMD's virtualisation. */
  readonly svm: boolean;
  /** Intel's virtualisation. */
  readonly vmx: boolean;
  /** Whether the CPU is itself one of a virtual machine. */
  readonly hypervisor: boolean;
}

/** A parameter of a loaded module. */
export interface ParameterFact {
  /** Module and parameter, `kvm.ignore_msrs`. */
  readonly name: string;
  /** Its value as the kernel shows it; `null` when the kernel does not show it. */
  readonly value: string | null;
  /** What it decides. */
  readonly purpose: string;
}

/** The KVM device. */
export interface DeviceFact {
  /** Its path. */
  readonly path: string;
  /** Whether there is something at the path. */
  readonly exists: boolean;
  /** Whether this user may read and write it. */
  readonly readWrite: boolean;
  /** Whether the kernel has KVM, whatever is at the path. */
  readonly registered: boolean;
  /** Type, owner and mode; `null` where Deno does not show them (it does with `--allow-all`). */
  readonly file: DeviceFile | null;
  /** Whether it opens and speaks KVM's API. */
  readonly usable: boolean;
  /** Why it is not usable; `null` when it is. */
  readonly reason: KvmUnavailableCause | null;
}

/** A file as `stat` shows it. */
export interface DeviceFile {
  /** `character device 10:232`, `file`. */
  readonly type: string;
  /** Permission bits in octal, `0660`. */
  readonly mode: string;
  /** The owner's name, or number where there is no name. */
  readonly owner: string;
  /** The group's name, or number where there is no name. */
  readonly group: string;
}

/** A capability of KVM. */
export interface CapabilityFact {
  /** Without `KVM_CAP_`. */
  readonly name: string;
  /** Its number. */
  readonly number: number;
  /** What `KVM_CHECK_EXTENSION` gave; 0 when it is missing. */
  readonly value: number;
  /** Whether no guest runs under a filter without it. */
  readonly needed: boolean;
  /** What Trapline does with it. */
  readonly purpose: string;
}

/** What a guest was to show. */
export interface GuestFact {
  /** The promise. */
  readonly name: string;
  /** Whether it was kept. */
  readonly ok: boolean;
  /** What was seen, or the error. */
  readonly detail: string;
}

/** Something missing. */
export interface Finding {
  /** Whether it stops guests from running under a filter, or only limits what can be tested. */
  readonly severity: "stops" | "limits";
  /** What is missing. */
  readonly what: string;
  /** What to do about it. */
  readonly remedy: string;
}
