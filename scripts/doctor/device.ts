/**
 * The KVM device: what is at its path, and whether it can be used.
 *
 * @module
 */
import { KvmUnavailableError, SystemError } from "@trapline/trapline";
import { pathExists, pathIsReadWrite, readTextFile } from "../../kvm/sys/proc.ts";
import type { CpuFact, DeviceFact, DeviceFile, Finding } from "./report.ts";

/** Where the kernel lists KVM, whatever there is in `/dev`. */
const REGISTERED = "/sys/class/misc/kvm";

function nameOf(id: number | null, list: string): string {
  if (id === null) return "?";
  try {
    const line = readTextFile(list).split("\n").find((row) => row.split(":")[2] === String(id));
    return line?.split(":")[0] ?? String(id);
  } catch (error) {
    if (error instanceof SystemError) return String(id);
    throw error;
  }
}

function typeOf({ rdev, isCharDevice, isBlockDevice, isDirectory, isFile }: Deno.FileInfo): string {
  // Linux packs major and minor so as long as the minor has at most 8 bits.
  const numbers = rdev === null ? "" : ` ${rdev >> 8}:${rdev & 0xff}`;
  if (isCharDevice) return `character device${numbers}`;
  if (isBlockDevice) return `block device${numbers}`;
  return isDirectory ? "directory" : isFile ? "file" : "special file";
}

/** Type, owner and mode, where Deno shows them to this process. */
export function inspectFile(path: string): DeviceFile | null {
  try {
    const info = Deno.statSync(path);
    return {
      type: typeOf(info),
      mode: ((info.mode ?? 0) & 0o7777).toString(8).padStart(4, "0"),
      owner: nameOf(info.uid, "/etc/passwd"),
      group: nameOf(info.gid, "/etc/group"),
    };
  } catch {
    // Deno shows /dev/kvm only to a process with all permissions; a path that
    // is not there has nothing to show either.
    return null;
  }
}

/** Looks at `path`; `error` is what opening it as a KVM device ended in. */
export function inspectDevice(path: string, error: KvmUnavailableError | undefined): DeviceFact {
  return {
    path,
    exists: pathExists(path),
    readWrite: pathIsReadWrite(path),
    registered: pathExists(REGISTERED),
    file: inspectFile(path),
    usable: error === undefined,
    reason: error?.reason ?? null,
  };
}

/** What is missing of `device`, when opening it ended in `error`. */
export function deviceFinding(
  device: DeviceFact,
  cpu: CpuFact,
  error: KvmUnavailableError,
): Finding {
  // The message is what is wrong, a full stop, and the remedy.
  const what = error.message.slice(0, -error.remedy.length - ". ".length);
  return { severity: "stops", what, remedy: remedy(device, cpu, error) };
}

function remedy(device: DeviceFact, cpu: CpuFact, error: KvmUnavailableError): string {
  if (error.reason !== "missing") return error.remedy;
  if (device.registered) {
    return "The kernel has KVM, so only the device file is missing: pass it into this container " +
      `(--device /dev/kvm), or make it as root (mknod ${device.path} c 10 232)`;
  }
  if (cpu.svm || cpu.vmx) return error.remedy;
  return `${error.remedy}. The CPU shows neither svm nor vmx, so the module cannot help before ` +
    (cpu.hypervisor ? "the host of this virtual machine allows nesting" : "the firmware does");
}
