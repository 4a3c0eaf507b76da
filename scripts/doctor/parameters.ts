/**
 * The parameters of KVM's modules that decide what can be tested.
 *
 * @module
 */
import type { KvmModule } from "@trapline/trapline";
import type { Finding, ParameterFact } from "./report.ts";

interface Meaning {
  readonly module: string;
  readonly parameter: string;
  readonly purpose: string;
  /** What its value takes away from the tests, if it does. */
  readonly limits?: {
    readonly when: (isOn: boolean) => boolean;
    readonly what: string;
    readonly remedy: string;
  };
}

function nested(module: string): Meaning {
  return {
    module,
    parameter: "nested",
    purpose: "Whether a guest can run guests of its own",
    limits: {
      when: (isOn) => !isOn,
      what: "no guest can be a hypervisor",
      remedy: `Load the module with nested virtualisation (modprobe ${module} nested=1)`,
    },
  };
}

const MEANINGS: readonly Meaning[] = [
  {
    module: "kvm",
    parameter: "ignore_msrs",
    purpose: "Whether KVM swallows accesses to unknown MSRs",
    limits: {
      when: (isOn) => isOn,
      what: "unknown MSRs neither exit nor raise #GP",
      remedy: "Switch it off as root (echo N > /sys/module/kvm/parameters/ignore_msrs)",
    },
  },
  {
    module: "kvm",
    parameter: "report_ignored_msrs",
    purpose: "Whether the kernel logs what ignore_msrs swallows",
  },
  {
    module: "kvm",
    parameter: "force_emulation_prefix",
    purpose: "Whether a guest can ask for KVM's emulator",
    limits: {
      when: (isOn) => !isOn,
      what: "RDMSR and WRMSR in KVM's emulator, the second way to the filter, stay untested",
      remedy: "Load the module with it (modprobe kvm force_emulation_prefix=1), or add " +
        "kvm.force_emulation_prefix=1 to the kernel's command line",
    },
  },
  nested("kvm_amd"),
  nested("kvm_intel"),
];

function named(modules: readonly KvmModule[]): { meaning: Meaning; fact: ParameterFact }[] {
  return MEANINGS.flatMap((meaning) => {
    const module = modules.find(({ name }) => name === meaning.module);
    if (module === undefined) return [];
    return [{
      meaning,
      fact: {
        name: `${meaning.module}.${meaning.parameter}`,
        value: module.parameters[meaning.parameter] ?? null,
        purpose: meaning.purpose,
      },
    }];
  });
}

/** The parameters that matter of the loaded `modules`. */
export function readParameters(modules: readonly KvmModule[]): ParameterFact[] {
  return named(modules).map(({ fact }) => fact);
}

/** What the parameters of `modules` take away from the tests. */
export function parameterFindings(modules: readonly KvmModule[]): Finding[] {
  return named(modules).flatMap(({ meaning: { limits }, fact: { name, value } }) => {
    // A value that cannot be seen decides nothing.
    if (limits === undefined || value === null || value === "?") return [];
    if (!limits.when(value !== "N" && value !== "0")) return [];
    return [{
      severity: "limits",
      what: `${name} is ${value}: ${limits.what}`,
      remedy: limits.remedy,
    }];
  });
}
