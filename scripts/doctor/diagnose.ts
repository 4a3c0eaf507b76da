/**
 * Everything the doctor looks at, in one report.
 *
 * @module
 */
import { type Host, Kvm, KvmUnavailableError, readHost } from "@trapline/trapline";
import { capabilityFindings, checkCapabilities } from "./capabilities.ts";
import { deviceFinding, inspectDevice } from "./device.ts";
import { guestFindings, runGuests } from "./guests.ts";
import { parameterFindings, readParameters } from "./parameters.ts";
import type { CpuFact, Platform, Report } from "./report.ts";

/** Where to look. */
export interface DiagnoseOptions {
  /** The KVM device, `/dev/kvm` by default. */
  readonly device?: string;
  /** What this process runs on; found out by default. */
  readonly platform?: Platform;
}

function describeCpu({ cpuVendor, cpuModel, cpuFlags }: Host): CpuFact {
  return {
    vendor: cpuVendor,
    model: cpuModel,
    svm: cpuFlags.has("svm"),
    vmx: cpuFlags.has("vmx"),
    hypervisor: cpuFlags.has("hypervisor"),
  };
}

function openKvm(device: string): Kvm | KvmUnavailableError {
  try {
    return Kvm.open(device);
  } catch (error) {
    if (error instanceof KvmUnavailableError) return error;
    throw error;
  }
}

/** Looks at this host, opens `device` and runs guests on it. */
export function diagnose(options: DiagnoseOptions = {}): Report {
  const { device = "/dev/kvm", platform = { os: Deno.build.os, arch: Deno.build.arch } } = options;
  if (platform.os !== "linux" || platform.arch !== "x86_64") return elsewhere(device, platform);
  const host = readHost();
  const common = {
    platform,
    kernelRelease: host.kernelRelease,
    cpu: describeCpu(host),
    modules: host.modules,
    parameters: readParameters(host.modules),
  };
  const opened = openKvm(device);
  if (opened instanceof KvmUnavailableError) {
    const fact = inspectDevice(device, opened);
    return {
      ok: false,
      ...common,
      device: fact,
      apiVersion: null,
      capabilities: [],
      guests: [],
      findings: [deviceFinding(fact, common.cpu, opened), ...parameterFindings(host.modules)],
    };
  }
  using kvm = opened;
  const capabilities = checkCapabilities(kvm);
  const outcomes = runGuests(kvm);
  const ok = outcomes.every(({ fact }) => fact.ok);
  return {
    ok,
    ...common,
    device: inspectDevice(device, undefined),
    apiVersion: kvm.apiVersion,
    capabilities,
    guests: outcomes.map(({ fact }) => fact),
    findings: [
      ...guestFindings(outcomes),
      ...capabilityFindings(capabilities, ok),
      ...parameterFindings(host.modules),
    ],
  };
}

/** The report of a platform that has no KVM for x86; asks it nothing. */
function elsewhere(path: string, platform: Platform): Report {
  return {
    ok: false,
    platform,
    kernelRelease: "",
    cpu: { vendor: "", model: "", svm: false, vmx: false, hypervisor: false },
    modules: [],
    parameters: [],
    device: {
      path,
      exists: false,
      readWrite: false,
      registered: false,
      file: null,
      usable: false,
      reason: "missing",
    },
    apiVersion: null,
    capabilities: [],
    guests: [],
    findings: [{
      severity: "stops",
      what: `Trapline needs Linux on x86_64, and this is ${platform.os} on ${platform.arch}`,
      remedy: "Run it on such a host, or in a virtual machine that is one",
    }],
  };
}
