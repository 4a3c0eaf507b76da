/*
 * What the search does to KVM, in C: a filter is set, the walker goes through a
 * list of accesses under it, user space answers the exits, and what the guest
 * recorded is read back. Filters and lists come from the caller in a file; there
 * is no oracle here, and nothing is compared.
 */
#ifndef WALKS_H
#define WALKS_H

#include "machine.h"

/* As the file has them, each followed by its ranges' bitmaps and then its list. */
struct walk_head {
	uint32_t reasons;
	uint32_t flags;
	uint32_t accesses;
	struct {
		uint32_t flags, nmsrs, base;
	} ranges[KVM_MSR_FILTER_MAX_RANGES];
};

struct access {
	uint64_t operation;
	uint64_t index;
	uint64_t value;
	uint64_t faulted;
	uint64_t error_code;
	uint64_t rip;
};

_Static_assert(sizeof(struct access) == ACCESS_SIZE, "struct access");

static struct walk {
	struct kvm_enable_cap cap;
	struct kvm_msr_filter filter;
	uint32_t accesses;
	struct access *list;
} walk[WALKS];

static struct guest walker;

static void *read_bytes(FILE *file, size_t size)
{
	void *bytes = malloc(size + 1);

	check(bytes != NULL, "malloc");
	expect(fread(bytes, 1, size, file) == size, "end of the walks");
	return bytes;
}

static void read_walk(FILE *file, struct walk *walk)
{
	struct walk_head *head = read_bytes(file, sizeof(*head));
	int i;

	walk->cap = (struct kvm_enable_cap){ .cap = KVM_CAP_X86_USER_SPACE_MSR, .args = { head->reasons } };
	walk->filter.flags = head->flags;
	for (i = 0; i < KVM_MSR_FILTER_MAX_RANGES; i++) {
		struct kvm_msr_filter_range *range = &walk->filter.ranges[i];

		range->flags = head->ranges[i].flags;
		range->nmsrs = head->ranges[i].nmsrs;
		range->base = head->ranges[i].base;
		range->bitmap = read_bytes(file, (range->nmsrs + 63) / 64 * 8);
	}
	walk->accesses = head->accesses;
	walk->list = read_bytes(file, (head->accesses + 1) * sizeof(*walk->list));
	free(head);
}

static void read_walks(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint64_t *gate;
	unsigned int i;

	check(file != NULL, path);
	for (i = 0; i < WALKS; i++)
		read_walk(file, &walk[i]);
	fclose(file);
	walker = boot(walker_program, sizeof(walker_program), 0);
	gate = (void *)(walker.memory + IDT_AT + 13 * 16);
	gate[0] = gate_of(WALKER_FAULT_AT);
}

/* A quarter of the exits is refused, the others get a value. */
static void answer(struct kvm_run *run)
{
	static uint64_t state = 1;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	run->msr.error = state % 4 == 0;
	if (run->exit_reason == KVM_EXIT_X86_RDMSR)
		run->msr.data = state;
}

static void run_through(const struct guest *guest)
{
	for (;;) {
		check(ioctl(guest->vcpu, KVM_RUN, 0) == 0, "KVM_RUN");
		if (guest->run->exit_reason == KVM_EXIT_IO)
			break;
		expect(guest->run->exit_reason == KVM_EXIT_X86_RDMSR ||
		       guest->run->exit_reason == KVM_EXIT_X86_WRMSR, "exit reason");
		answer(guest->run);
	}
	expect(guest->run->io.port == FINISH_PORT, "port");
}

static void walk_through(const struct walk *walk)
{
	struct access *list = (void *)(walker.memory + LIST_AT);
	uint32_t i;

	check(ioctl(walker.vm, KVM_X86_SET_MSR_FILTER, &walk->filter) == 0, "KVM_X86_SET_MSR_FILTER");
	check(ioctl(walker.vm, KVM_ENABLE_CAP, &walk->cap) == 0, "KVM_ENABLE_CAP");
	memcpy(list, walk->list, (walk->accesses + 1) * sizeof(*list));
	set_regs(walker.vcpu);
	run_through(&walker);
	for (i = 0; i < walk->accesses; i++)
		expect(!list[i].faulted || list[i].error_code == 0, "error code");
}

static void walks(int count)
{
	int i;

	for (i = 0; i < count; i++)
		walk_through(&walk[i % WALKS]);
}

#endif
