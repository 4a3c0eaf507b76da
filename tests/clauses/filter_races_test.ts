/**
 * Filters that change while vCPUs run on threads of their own.
 *
 * F-37 and X-43 last about a second each; `deno task race` goes on for as long
 * as asked. How likely a kernel with a gap would pass is worked out by
 * `logOfMissing()`, and tried in tests/binding/race_detector_test.ts.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  asm64,
  GuestThreads,
  IOCTL,
  Kvm,
  Msr,
  type MsrAccess,
  MsrFilter,
  type MsrFilterSpec,
} from "@trapline/trapline";
import { IoctlThread, Race, raceFilters, STANDARD_PAIR, type Trap } from "@trapline/trapline/race";
import type { Verdict } from "../support/assert_verdicts.ts";
import { read } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { denyOnly } from "../support/msr_probes.ts";
import { ONE_PROCESSOR } from "../support/processors.ts";
import { PROMPT_MS, ToldGuest } from "../support/told_guest.ts";
import { nameAccess } from "../support/walked.ts";

clause(
  "F-37",
  "while the filter changes each access is decided by the old or the new one, " +
    "and by the new one once the ioctl has returned",
  async ({ kvm }) => {
    for (const trap of ["gp", "exit"] satisfies Trap[]) {
      const result = await raceFilters(kvm, { vcpus: 2, seconds: 0.8, trap });
      const { violations, accesses, exits, traps } = result;
      assertEquals(violations, [], `of ${accesses} accesses, denied ones ending in ${trap}`);
      assertEquals(exits, trap === "exit" ? traps : 0, "exits for the accesses that trapped");
    }
  },
);

clause(
  "X-43",
  "several threads that change the filter and several vCPUs that access MSRs do not disturb each other",
  async ({ kvm }) => {
    using vm = kvm.createVm();
    await using race = await Race.boot(vm, { vcpus: ONE_PROCESSOR ? 2 : 3 });
    race.phase = "A to B";
    const [a, b] = [STANDARD_PAIR.a.encode().bytes, STANDARD_PAIR.b.encode().bytes];
    const request = IOCTL.X86_SET_MSR_FILTER;
    await using threads = new AsyncDisposableStack();
    const swappers = await Promise.all(
      [[a, b], [b, a], [a, a, b, b]].map((buffers) => IoctlThread.make(vm, request, buffers)),
    );
    for (const swapper of swappers) threads.use(swapper);
    await race.start();
    for (const swapper of swappers) swapper.turn();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    while (swappers.some(({ called }) => called < 2)) await race.rounds(1);
    for (const [i, swapper] of swappers.entries()) {
      const { refused, results } = await swapper.stop();
      assertEquals([refused, results], [0, [0]], `thread ${i} that changes the filter`);
    }
    for (const filter of ["A", "B"] as const) {
      race.swapTo(filter);
      await race.rounds(2);
    }
    await race.end();
    assertEquals(race.violations, [], `of ${race.accesses} accesses`);
  },
);

/** MSRs that the hardware accesses for the guest without an exit, and one that KVM always does. */
const ACCESSED_IN_THE_GUEST: readonly number[] = [
  Msr.KERNEL_GS_BASE,
  Msr.IA32_SYSENTER_CS,
  Msr.STAR,
  Msr.SYSCALL_MASK,
  Msr.IA32_PAT,
];

/** What is written to each, and changes nothing: the values that they have at first. */
function presentValues({ vcpu }: ToldGuest): MsrAccess[] {
  return vcpu.getMsrs(ACCESSED_IN_THE_GUEST)
    .map((value, i) => ({ kind: "write", index: ACCESSED_IN_THE_GUEST[i]!, value }));
}

clause(
  "X-42",
  "a filter is set, and is in force, while a vCPU spins without an exit",
  async ({ kvm }) => {
    using vm = kvm.createVm();
    await using guest = await ToldGuest.boot(vm);
    const writes = presentValues(guest);
    guest.enter();
    const assertOn = (when: string, writing: MsrAccess, denied: Verdict["denied"]): void => {
      for (const access of [read(writing.index), writing]) {
        const isDenied = denied === access.kind || denied === "read-write";
        const wanted = isDenied ? "#GP" : writing.value;
        assertEquals(guest.access(access), wanted, nameAccess(access, when));
      }
    };
    const set = (filter: MsrFilterSpec | MsrFilter): void => {
      const before = performance.now();
      vm.setMsrFilter(filter);
      const ms = performance.now() - before;
      assert(ms < PROMPT_MS, `The ioctl took ${ms} ms while the vCPU was spinning`);
    };
    for (let round = 0; round < 3; round++) {
      for (const access of writes) {
        assertOn(`allowed, round ${round}`, access, "neither");
        for (const kind of ["read", "write"] as const) {
          set(denyOnly(access.index, kind));
          assertOn(`${kind}s denied, round ${round}`, access, kind);
        }
        set(MsrFilter.ALLOW_ALL);
        assertOn(`allowed again, round ${round}`, access, "neither");
      }
      set(MsrFilter.DENY_ALL);
      for (const access of writes) assertOn(`all denied, round ${round}`, access, "read-write");
      set(MsrFilter.ALLOW_ALL);
    }
    await guest.stop();
  },
);

/** Writes numbers of its own to an MSR and reads each back, 400 times; RBX counts what differs. */
function writesAndReadsBack(vcpu: number): ReturnType<typeof asm64> {
  return asm64`
      mov esi, 400
      xor ebx, ebx
    again:
      mov ecx, ${0x4b56_4d10 + vcpu}
      mov eax, esi
      mov edx, ${0x1000 + vcpu}
      wrmsr
      mov ecx, ${0x4b56_4d10 + vcpu}
      xor eax, eax
      xor edx, edx
      rdmsr
      cmp eax, esi
      jne differs
      cmp edx, ${0x1000 + vcpu}
      je same
    differs:
      inc ebx
    same:
      dec esi
      jnz again
      jmp finish
  `;
}

const READS_ONCE = asm64`
    mov ecx, 0x4b564d20
    xor eax, eax
    xor edx, edx
    rdmsr
    jmp finish
`;

function bootDenied(kvm: Kvm): ReturnType<Kvm["createVm"]> {
  const vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  return vm;
}

clause(
  "X-96",
  "exits of several vCPUs at once complete each with its own data",
  async ({ kvm }) => {
    const numbers = [0, 1, 2, 3];
    {
      using vm = bootDenied(kvm);
      await using guests = await GuestThreads.boot(vm, numbers.map(writesAndReadsBack));
      const answers = { rdmsr: "last-written", wrmsr: "acknowledge" } as const;
      const ends = await guests.finish({ answers, deadlineMs: 120_000 });
      ends.forEach(({ fault, regs }, vcpu) => {
        assertEquals([fault, regs.rbx], [undefined, 0n], `vCPU ${vcpu}: reads of another value`);
        const { answered } = guests.threads[vcpu]!;
        assertEquals(answered, { rdmsr: 400, wrmsr: 400 }, `vCPU ${vcpu}: exits`);
      });
    }
    using vm = bootDenied(kvm);
    await using guests = await GuestThreads.boot(vm, numbers.map(() => READS_ONCE));
    const exits = await guests.step();
    // All of them wait here at once, and are answered last to first.
    for (const [vcpu, exit] of [...exits.entries()].reverse()) {
      assert(exit.name === "X86_RDMSR", `vCPU ${vcpu}: wanted X86_RDMSR, got ${exit.name}`);
      if (vcpu === 2) exit.refuse();
      else exit.supply(0x1_0000_0007n * BigInt(vcpu + 1));
    }
    const ends = await guests.finish();
    assertEquals(
      ends.map(({ fault, value }) => fault?.vector ?? value),
      [0x1_0000_0007n, 0x2_0000_000en, 13, 0x4_0000_001cn],
      "what each vCPU got",
    );
  },
);
