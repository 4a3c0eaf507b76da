/**
 * Reading the binary statistics of a VM or vCPU (api.rst 4.133).
 *
 * @module
 */
import { KVM_STATS_DESC, KVM_STATS_HEADER } from "./abi/stats.ts";
import { SystemError } from "./errors.ts";
import { closeFd, preadFd } from "./sys/fd.ts";

/** Statistics by name; a histogram has more than one value. */
export type Stats = ReadonlyMap<string, readonly bigint[]>;

function readExactly(fd: number, offset: number, size: number): DataView<ArrayBuffer> {
  const buffer = new Uint8Array(size);
  const count = preadFd(fd, buffer, offset);
  if (count < 0) throw new SystemError("pread", -count, "KVM statistics");
  if (count !== size) throw new RangeError(`Cannot read KVM statistics: ${count} of ${size} bytes`);
  return new DataView(buffer.buffer);
}

/** Reads all statistics from `fd` and closes it. */
export function readStats(fd: number): Stats {
  try {
    const header = KVM_STATS_HEADER.read(readExactly(fd, 0, KVM_STATS_HEADER.size));
    const stride = KVM_STATS_DESC.size + header.name_size;
    const table = readExactly(fd, header.desc_offset, header.num_desc * stride);
    const stats = new Map<string, readonly bigint[]>();
    for (let at = 0; at < table.byteLength; at += stride) {
      const { size, offset } = KVM_STATS_DESC.read(table, at);
      const name = new Uint8Array(table.buffer, at + KVM_STATS_DESC.size, header.name_size);
      const data = readExactly(fd, header.data_offset + offset, 8 * size);
      stats.set(
        new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
        Array.from({ length: size }, (_, i) => data.getBigUint64(8 * i, true)),
      );
    }
    return stats;
  } finally {
    closeFd(fd);
  }
}
