/**
 * The errors of opening `/dev/kvm`, each with what mends it.
 *
 * @module
 */
import { ERRNO, errnoName } from "./abi/errno.ts";
import { KvmUnavailableError } from "./errors.ts";
import { remedyFor } from "./sys/remedy.ts";

/** The one version of the KVM API there has been since Linux 2.6.22 (api.rst 4.1). */
export const KVM_API_VERSION = 12;

/** The error for an `open` that left `errno`. */
export function openError(path: string, errno: number): KvmUnavailableError {
  switch (errno) {
    case ERRNO.ENOENT:
    case ERRNO.ENODEV:
    case ERRNO.ENXIO:
      return new KvmUnavailableError(
        "missing",
        `Cannot open "${path}": there is no such device (${errnoName(errno)})`,
        "Load the module of this CPU (modprobe kvm_intel or modprobe kvm_amd), and switch on " +
          "VT-x or AMD-V in the firmware; inside a virtual machine, its host must allow nested " +
          "virtualisation; inside a container, pass the device in (--device /dev/kvm)",
      );
    case ERRNO.EACCES:
    case ERRNO.EPERM:
      return new KvmUnavailableError(
        "not-permitted",
        `Cannot open "${path}": this user may not (${errnoName(errno)})`,
        "Join the group that owns the device (usermod -aG kvm $USER, then log in again), or let " +
          'a udev rule give access (KERNEL=="kvm", GROUP="kvm", MODE="0666")',
      );
    case ERRNO.EISDIR:
      return notKvmError(path, "it is a directory");
    default:
      return new KvmUnavailableError(
        "failed",
        `Cannot open "${path}": ${errnoName(errno)} (${errno})`,
        remedyFor(errno) ?? "See dmesg for what the kernel says of KVM",
      );
  }
}

/** The error for a file that is not a KVM device, for the reason that `why` tells. */
export function notKvmError(path: string, why: string): KvmUnavailableError {
  return new KvmUnavailableError(
    "not-kvm",
    `Cannot use "${path}": ${why}, not a KVM device`,
    "Name the KVM device, a character device with major 10 and minor 232 (/dev/kvm)",
  );
}

/** The error for a KVM that speaks version `version` of the API. */
export function apiVersionError(path: string, version: number): KvmUnavailableError {
  return new KvmUnavailableError(
    "api-version",
    `Cannot use "${path}": its API version is ${version}, not ${KVM_API_VERSION}`,
    "Boot a Linux kernel of version 2.6.22 or later whose KVM has API version 12",
  );
}
