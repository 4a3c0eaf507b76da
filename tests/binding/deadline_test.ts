/**
 * No guest hangs the process: deadlines and exit budgets.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  asm64,
  assertNoFault,
  DeadlineError,
  ExitBudgetError,
  MsrFilter,
  Session,
} from "@trapline/trapline";
import { deadlinesEndGuests } from "../support/deadlines_end_guests.ts";
import { kvmTest, type KvmTestContext } from "../support/kvm_testing.ts";
import { sleep } from "../support/processors.ts";

const SPINS = asm64`
  spinning:
    jmp spinning
`;
const ENDS = asm64`jmp finish`;
const HALTS = asm64`
  halting:
    hlt
    jmp halting
`;

/** What a short run may take at most, and long enough for alarms to come amid many of them. */
const SHORT_MS = 10 * Number(Deno.env.get("TRAPLINE_TIME_SCALE") ?? 1);

function deadlineTest(name: string, body: (context: KvmTestContext) => void): void {
  kvmTest(name, (context) => {
    assert(deadlinesEndGuests(), "A guest that spins outlives its deadline in another process");
    body(context);
  });
}

/** Runs `session` to its next HLT, again where a busy machine took longer than its deadline. */
function haltInTime(session: Session): void {
  for (let tries = 1;; tries++) {
    try {
      session.next("HLT");
      return;
    } catch (error) {
      if (!(error instanceof DeadlineError) || tries === 100) throw error;
    }
  }
}

deadlineTest("a guest that spins ends in DeadlineError, which shows where it is", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, SPINS, { deadlineMs: 20 });
  const error = assertThrows(() => session.finish(), DeadlineError);
  assertEquals([error.deadlineMs, error.rip], [20, session.symbol("spinning")]);
  assertStringIncludes(
    error.message,
    "still running after 20 ms, at RIP 0xc000\nGuest (long mode)",
  );
  assertStringIncludes(error.message, "=> 0000c000  eb fe  jmp");
  assertStringIncludes(error.message, "Exits so far:\n  none");
});

deadlineTest("Vcpu.run() ends in a DeadlineError with the RIP alone", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, SPINS);
  const error = assertThrows(() => session.vcpu.run({ deadlineMs: 10 }), DeadlineError);
  assertEquals(error.message, "The guest was still running after 10 ms, at RIP 0xc000");
});

deadlineTest("the vCPU runs on after a deadline, and other programs after it", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, SPINS, { deadlineMs: 10 });
  for (let i = 0; i < 3; i++) assertThrows(() => session.step(), DeadlineError);
  session.load(ENDS);
  assertNoFault(session, session.finish());
});

deadlineTest("many short runs after a deadline all end", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, SPINS, { deadlineMs: SHORT_MS });
  assertThrows(() => session.step(), DeadlineError);
  session.load(ENDS);
  for (let i = 0; i < 2000; i++) {
    session.restart();
    assertEquals(session.step().name, "IO");
  }
});

deadlineTest("two vCPUs of one thread each have their deadline, in turn", ({ kvm }) => {
  using vm = kvm.createVm();
  const sessions = [1, 2].map(() => Session.boot(vm, SPINS, { deadlineMs: 10 }));
  for (const session of [...sessions, ...sessions]) {
    const error = assertThrows(() => session.step(), DeadlineError);
    assertEquals(error.rip, session.symbol("spinning"));
  }
  sessions[0]!.load(ENDS);
  assertNoFault(sessions[0]!, sessions[0]!.finish());
  assertThrows(() => sessions[1]!.step(), DeadlineError);
});

deadlineTest("an alarm that comes between two runs never shows as an exit", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, HALTS, { deadlineMs: SHORT_MS });
  for (let i = 0; i < 20; i++) {
    assertEquals(session.step().name, "HLT");
    // The alarm of one run goes off before the next.
    sleep(SHORT_MS / 3);
  }
});

deadlineTest("a long deadline after a short one is not cut short", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(
    vm,
    asm64`
      mov ecx, 50000
    counting:
      dec ecx
      jnz counting
      jmp finish
    `,
  );
  const short = Session.boot(vm, HALTS, { deadlineMs: 1 });
  for (let i = 0; i < 3; i++) {
    haltInTime(short);
    session.restart();
    assertNoFault(session, session.finish());
  }
});

deadlineTest("a guest that halts in the kernel for ever ends in DeadlineError", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.createIrqchip();
  const session = Session.boot(vm, HALTS, { deadlineMs: 2 * SHORT_MS });
  assertThrows(() => session.step(), DeadlineError);
  assertEquals(session.vcpu.mpState(), "HALTED");
});

deadlineTest("a vCPU that waits to be started ends in DeadlineError", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.createIrqchip();
  vm.createVcpu();
  const second = vm.createVcpu();
  assertEquals(second.mpState(), "UNINITIALIZED");
  assertThrows(() => second.run({ deadlineMs: 20 }), DeadlineError);
});

deadlineTest("step() takes the session's deadline where it is not told another", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, SPINS, { deadlineMs: 10 });
  const same = assertThrows(() => session.step({ immediateExit: false }), DeadlineError);
  const other = assertThrows(() => session.step({ deadlineMs: 5 }), DeadlineError);
  assertEquals([same.deadlineMs, other.deadlineMs], [10, 5]);
});

deadlineTest("run() refuses a deadline that is not positive, without entering", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, HALTS);
  for (const deadlineMs of [0, -1, NaN, Infinity]) {
    assertThrows(() => session.step({ deadlineMs }), RangeError, `deadline of ${deadlineMs} ms`);
  }
  assertEquals(session.vcpu.regs().rip, session.symbol("halting"));
  assertEquals(session.step({ deadlineMs: Number.MAX_SAFE_INTEGER }).name, "HLT");
});

const READS_FOR_EVER = asm64`
    mov ecx, 0x174
  reading:
    rdmsr
    jmp reading
`;

deadlineTest("a guest that exits for ever ends in ExitBudgetError", ({ kvm }) => {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  const session = Session.boot(vm, READS_FOR_EVER, { maxExits: 50 });
  let exits = 0;
  const onRdmsr = (): void => {
    exits++;
  };
  const error = assertThrows(() => session.finish({ onRdmsr }), ExitBudgetError);
  assertEquals([error.budget, error.rip, exits], [50, session.symbol("reading"), 50]);
  assertStringIncludes(error.message, "used up its 50 exits without ending, at RIP 0xc005\nGuest");
  assertStringIncludes(error.message, "50. KVM_EXIT_X86_RDMSR (29) IA32_SYSENTER_CS (0x174)");
});

deadlineTest("restart() and load() begin a new budget", ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, HALTS, { maxExits: 2 });
  for (let round = 0; round < 3; round++) {
    session.next("HLT");
    session.next("HLT");
    assertThrows(() => session.step(), ExitBudgetError);
    session.restart();
  }
  session.load(ENDS);
  assertNoFault(session, session.finish());
  assert(session.transcript.count === 1);
});
