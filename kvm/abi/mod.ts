/**
 * Every number and structure that the rooms above need.
 *
 * @module
 */
export * from "./cap.ts";
export * from "./errno.ts";
export * from "./exit_reason.ts";
export * from "./ioctl.ts";
export * from "./ioctls.ts";
export * from "./kvm_run.ts";
export * from "./lists.ts";
export * from "./msr.ts";
export * from "./msr_filter.ts";
export * from "./posix.ts";
export * from "./regs.ts";
export * from "./stats.ts";
export * from "./struct.ts";
export * from "./vcpu_state.ts";
export * from "./vm_config.ts";
