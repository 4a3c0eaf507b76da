/*
 * The other side of the benchmark: the ioctls that Trapline makes, in C. A line
 * "MEASURE WARM_UP COUNT" is answered with the nanoseconds that COUNT turns of
 * MEASURE took after WARM_UP others. The caller makes guest.h: where things lie
 * in the guest's window, and the bytes that go there. The one argument is the
 * file of the walks.
 */
#define _GNU_SOURCE
#include "machine.h"
#include "walks.h"

static struct guest io, msr, single;

static void port_io(int count)
{
	while (count--)
		expect(run_to_port(&io) == PORT_BYTE, "byte");
}

static void rdmsr(int count)
{
	while (count--) {
		run(&msr, KVM_EXIT_X86_RDMSR);
		expect(msr.run->msr.index == DENIED_MSR && msr.run->msr.data == 0, "MSR");
		msr.run->msr.error = 0;
		msr.run->msr.data = MSR_VALUE;
	}
}

static void life_cycle(int count)
{
	while (count--) {
		struct guest guest = boot(finish_program, sizeof(finish_program), 0);

		run_to_port(&guest);
		shut_down(&guest);
	}
}

/* One allowed read an exit; the host names the MSR and fetches the value. */
static void single_access(int count)
{
	struct kvm_regs regs;

	check(ioctl(single.vcpu, KVM_GET_REGS, &regs) == 0, "KVM_GET_REGS");
	while (count--) {
		regs.rcx = ALLOWED_MSR;
		check(ioctl(single.vcpu, KVM_SET_REGS, &regs) == 0, "KVM_SET_REGS");
		run_to_port(&single);
		check(ioctl(single.vcpu, KVM_GET_REGS, &regs) == 0, "KVM_GET_REGS");
	}
}

static const struct {
	const char *name;
	void (*take_turns)(int count);
} measures[] = {
	{ "port_io", port_io },
	{ "rdmsr", rdmsr },
	{ "life_cycle", life_cycle },
	{ "single_access", single_access },
	{ "walks", walks },
};

int main(int argc, char **argv)
{
	char name[16];
	int warm_up, count;

	pin();
	block_signal();
	open_kvm();
	io = boot(port_io_program, sizeof(port_io_program), 0);
	msr = boot(rdmsr_program, sizeof(rdmsr_program), DENIED_MSR);
	single = boot(single_access_program, sizeof(single_access_program), 0);
	expect(argc == 2, "number of arguments");
	read_walks(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (scanf("%15s %d %d", name, &warm_up, &count) == 3) {
		uint64_t start;
		int i = 0;

		while (strcmp(measures[i].name, name) != 0)
			expect(++i < (int)(sizeof(measures) / sizeof(measures[0])), "measure");
		measures[i].take_turns(warm_up);
		start = now();
		measures[i].take_turns(count);
		printf("%" PRIu64 "\n", now() - start);
	}
	return 0;
}
