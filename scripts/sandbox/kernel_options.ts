/**
 * What a sandbox's kernel is told, whichever the machine.
 *
 * @module
 */

/**
 * Initcalls that cost seconds of an emulated processor and have nothing to do with KVM:
 * certificates, self-tests of random numbers, tables of tracing, and kernel functions for BPF,
 * the first of which reads all types of the kernel. Names that a kernel does not have are ignored.
 */
const SKIPPED_INITCALLS = [
  "load_system_certificate_list",
  "jent_mod_init",
  "trace_eval_init",
  "init_kprobe_trace",
  "ftrace_check_for_weak_functions",
  "btf_module_init",
  ...["bpf_tcp_ca", "bpf_rstat", "cpumask", "crypto", "bpf", "bpf_mptcp"]
    .map((name) => `${name}_kfunc_init`),
  ...["bpf_key_sig", "bpf_kprobe_multi", "bpf_fs"].map((name) => `${name}_kfuncs_init`),
  "kfunc_init",
  "init_subsystem",
  "bpf_dummy_struct_ops_init",
  "bpf_prog_test_run_init",
  "xdp_metadata_init",
  "cubictcp_register",
];

/** Options of the kernel's command line. */
export const KERNEL_OPTIONS: readonly string[] = [
  "console=ttyS0",
  "quiet",
  "panic=-1",
  "oops=panic",
  "8250.nr_uarts=4",
  "random.trust_cpu=on",
  // The check counts the timer's ticks for some milliseconds, in which a busy host gives it none.
  "no_timer_check",
  // Work that an emulated processor takes long for, and that no test is about.
  `initcall_blacklist=${SKIPPED_INITCALLS.join(",")}`,
  "cryptomgr.notests",
  "init_on_alloc=0",
  "nowatchdog",
];
