/*
 * Guests in C: one VM each, with the memory, tables and registers that
 * Trapline gives its own.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

struct guest {
	int vm;
	int vcpu;
	uint8_t *memory;
	struct kvm_run *run;
};

static int kvm;
static size_t run_size;
static struct {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[256];
} cpuid;

static void check(int done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "bench.c: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void expect(int found, const char *what)
{
	if (found)
		return;
	fprintf(stderr, "bench.c: unexpected %s\n", what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * UINT64_C(1000000000) + time.tv_nsec;
}

/* Both sides on one CPU, so that they share its fortune; only helped along, never required. */
static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
	sched_setaffinity(getppid(), sizeof(set), &set);
}

static void open_kvm(void)
{
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	check(kvm >= 0, "open /dev/kvm");
	run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	cpuid.head.nent = 256;
	check(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid) == 0, "KVM_GET_SUPPORTED_CPUID");
}

static void deny_reads(int vm, uint32_t index)
{
	static uint8_t none[8];
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_USER_SPACE_MSR, .args = { KVM_MSR_EXIT_REASON_FILTER } };
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges = { { .flags = KVM_MSR_FILTER_READ, .nmsrs = 1, .base = index, .bitmap = none } },
	};

	check(ioctl(vm, KVM_ENABLE_CAP, &cap) == 0, "KVM_ENABLE_CAP");
	check(ioctl(vm, KVM_X86_SET_MSR_FILTER, &filter) == 0, "KVM_X86_SET_MSR_FILTER");
}

static uint8_t *map_window(void)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);
	void *memory;

	check(fd >= 0 && ftruncate(fd, WINDOW_SIZE) == 0, "memfd_create");
	memory = mmap(NULL, WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(memory != MAP_FAILED, "mmap");
	close(fd);
	return memory;
}

static uint64_t gate_of(uint32_t handler)
{
	return (handler & 0xffff) | (CODE_SELECTOR << 16) | (UINT64_C(0xee00) << 32) |
	       (uint64_t)(handler >> 16) << 48;
}

static void write_window(uint8_t *memory)
{
	uint64_t *gate = (void *)(memory + IDT_AT);
	uint64_t *directory = (void *)(memory + PD_AT);
	uint64_t stack = FAULT_STACK_TOP, i;

	memcpy(memory + STUBS_AT, stubs, sizeof(stubs));
	for (i = 0; i < 256; i++) {
		gate[2 * i] = gate_of(gates[i]);
		gate[2 * i + 1] = 0;
	}
	memcpy(memory + GDT_AT, gdt, sizeof(gdt));
	memcpy(memory + TSS_AT + 4, &stack, sizeof(stack));
	*(uint64_t *)(memory + PML4_AT) = PDPT_AT | 7;
	*(uint64_t *)(memory + PDPT_AT) = PD_AT | 7;
	for (i = 0; i < 512; i++)
		directory[i] = i << 21 | 0x87;
}

static void set_regs(int vcpu)
{
	struct kvm_regs regs = { .rip = CODE_AT, .rsp = STACK_TOP, .rflags = 2 };

	check(ioctl(vcpu, KVM_SET_REGS, &regs) == 0, "KVM_SET_REGS");
}

static void set_sregs(int vcpu)
{
	struct kvm_segment code = { 0, ~0u, CODE_SELECTOR, 11, .present = 1, .s = 1, .l = 1, .g = 1 };
	struct kvm_segment data = { 0, ~0u, DATA_SELECTOR, 3, .present = 1, .db = 1, .s = 1, .g = 1 };
	struct kvm_segment task = { TSS_AT, 0x67, TSS_SELECTOR, 11, .present = 1 };
	struct kvm_sregs sregs;

	check(ioctl(vcpu, KVM_GET_SREGS, &sregs) == 0, "KVM_GET_SREGS");
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.tr = task;
	sregs.gdt = (struct kvm_dtable){ .base = GDT_AT, .limit = sizeof(gdt) - 1 };
	sregs.idt = (struct kvm_dtable){ .base = IDT_AT, .limit = 256 * 16 - 1 };
	sregs.cr0 = 0x80000033;
	sregs.cr3 = PML4_AT;
	sregs.cr4 = 0x220;
	sregs.efer = 0x500;
	check(ioctl(vcpu, KVM_SET_SREGS, &sregs) == 0, "KVM_SET_SREGS");
}

/* As a deadline needs it: a signal that is blocked, but for the time of KVM_RUN. */
static void block_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	check(sigprocmask(SIG_BLOCK, &set, NULL) == 0, "sigprocmask");
}

static void set_signal_mask(int vcpu)
{
	struct {
		struct kvm_signal_mask head;
		uint8_t set[8];
	} mask = { .head = { .len = 8 } };

	check(ioctl(vcpu, KVM_SET_SIGNAL_MASK, &mask) == 0, "KVM_SET_SIGNAL_MASK");
}

static struct guest boot(const uint8_t *program, size_t size, uint32_t denied)
{
	struct guest guest = { .vm = ioctl(kvm, KVM_CREATE_VM, 0) };
	struct kvm_userspace_memory_region region = { .memory_size = WINDOW_SIZE };

	check(guest.vm >= 0, "KVM_CREATE_VM");
	if (denied)
		deny_reads(guest.vm, denied);
	guest.memory = map_window();
	region.userspace_addr = (uintptr_t)guest.memory;
	check(ioctl(guest.vm, KVM_SET_USER_MEMORY_REGION, &region) == 0, "KVM_SET_USER_MEMORY_REGION");
	write_window(guest.memory);
	guest.vcpu = ioctl(guest.vm, KVM_CREATE_VCPU, 0);
	check(guest.vcpu >= 0, "KVM_CREATE_VCPU");
	guest.run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, guest.vcpu, 0);
	check(guest.run != MAP_FAILED, "mmap of kvm_run");
	check(ioctl(guest.vcpu, KVM_SET_CPUID2, &cpuid) == 0, "KVM_SET_CPUID2");
	set_sregs(guest.vcpu);
	set_regs(guest.vcpu);
	memcpy(guest.memory + CODE_AT, program, size);
	set_signal_mask(guest.vcpu);
	return guest;
}

static void shut_down(struct guest *guest)
{
	munmap(guest->run, run_size);
	close(guest->vcpu);
	munmap(guest->memory, WINDOW_SIZE);
	close(guest->vm);
}

static void run(const struct guest *guest, uint32_t reason)
{
	check(ioctl(guest->vcpu, KVM_RUN, 0) == 0, "KVM_RUN");
	expect(guest->run->exit_reason == reason, "exit reason");
}

/* Runs to an OUT to the port that all guests write, and returns the byte. */
static uint8_t run_to_port(const struct guest *guest)
{
	run(guest, KVM_EXIT_IO);
	expect(guest->run->io.direction == KVM_EXIT_IO_OUT, "direction");
	expect(guest->run->io.port == FINISH_PORT, "port");
	return ((uint8_t *)guest->run)[guest->run->io.data_offset];
}

#endif
