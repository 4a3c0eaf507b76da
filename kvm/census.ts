/**
 * What this process holds of KVM, by the kernel's own count.
 *
 * @module
 */
import { MEMORY_NAME } from "./sys/mapping.ts";
import { readDirectory, readLink, readTextFile } from "./sys/proc.ts";

/** Descriptors and mappings that belong to KVM or to guests. */
export interface Census {
  /** Open descriptors of `/dev/kvm`, VMs, vCPUs and statistics. */
  readonly fds: number;
  /** Mapped regions: guest memory and `kvm_run`. */
  readonly mappings: number;
}

/**
 * Counts the descriptors and mappings of KVM that this process holds. Deno's
 * own sanitizers see neither.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm, takeCensus } from "@trapline/trapline";
 *
 * const before = takeCensus();
 * const kvm = Kvm.open();
 * assertEquals(takeCensus().fds, before.fds + 1);
 * kvm.close();
 * assertEquals(takeCensus(), before);
 * ```
 */
export function takeCensus(): Census {
  const fds = readDirectory("/proc/self/fd")
    .map((fd) => readLink(`/proc/self/fd/${fd}`))
    .filter((target) => target !== undefined && /^(\/dev\/kvm|anon_inode:\[?kvm)/.test(target));
  const mappings = readTextFile("/proc/self/maps").split("\n")
    .filter((line) => line.includes(`/memfd:${MEMORY_NAME}`) || line.includes("anon_inode:kvm"));
  return { fds: fds.length, mappings: mappings.length };
}
