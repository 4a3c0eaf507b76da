/**
 * The binary statistics interface (api.rst 4.133 `KVM_GET_STATS_FD`).
 *
 * @module
 */
import { struct, u16, u32 } from "./struct.ts";

/** `struct kvm_stats_header`. */
export const KVM_STATS_HEADER = struct("kvm_stats_header", 24, {
  flags: u32(0),
  name_size: u32(4),
  num_desc: u32(8),
  id_offset: u32(12),
  desc_offset: u32(16),
  data_offset: u32(20),
});

/** `struct kvm_stats_desc`; a name of `name_size` bytes follows. */
export const KVM_STATS_DESC = struct("kvm_stats_desc", 16, {
  flags: u32(0),
  exponent: u16(4),
  size: u16(6),
  offset: u32(8),
});
