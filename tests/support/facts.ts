/**
 * What the requirements and the recorded deviations ask of this host.
 *
 * @module
 */
import { type Host, Kvm, KvmUnavailableError, readHost } from "@trapline/trapline";

/** This host and its KVM. */
export interface Facts {
  /** Kernel, CPU and modules. */
  readonly host: Host;
  /** Why KVM cannot be used, or `undefined` when it can. */
  readonly unavailable: string | undefined;
  /** The vendor module, `kvm_amd`, `kvm_intel` or another; empty when built in or none. */
  readonly vendorModule: string;
}

/** Why this host's KVM cannot be used, whatever `TRAPLINE_KVM` says, or `undefined` when it can. */
export function deviceObstacle(): string | undefined {
  try {
    Kvm.open().close();
    return undefined;
  } catch (error) {
    if (error instanceof KvmUnavailableError) return error.message;
    throw error;
  }
}

function whyUnavailable(): string | undefined {
  return Deno.env.get("TRAPLINE_KVM") === "none" ? "TRAPLINE_KVM is none" : deviceObstacle();
}

let known: Facts | undefined;

/** The facts, found out once. */
export function facts(): Facts {
  if (known === undefined) {
    const host = readHost();
    known = {
      host,
      unavailable: whyUnavailable(),
      vendorModule: host.modules.find(({ name }) => name !== "kvm")?.name ?? "",
    };
  }
  return known;
}

/** A parameter of a module of KVM, or `undefined` when the kernel does not show it. */
export function moduleParameter(facts: Facts, module: string, name: string): string | undefined {
  return facts.host.modules.find((each) => each.name === module)?.parameters[name];
}

/** The CPU is the one with SVM that QEMU emulates, which does not do all that a real one does. */
export function isQemuSvm({ vendorModule, host }: Facts): boolean {
  return vendorModule === "kvm_amd" && host.cpuModel.startsWith("QEMU TCG CPU");
}
