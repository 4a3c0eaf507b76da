import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  asm64,
  ClosedError,
  DeadlineError,
  guest,
  GuestThread,
  GuestThreads,
  type Kvm,
  KvmError,
  MsrFilter,
  Session,
  VcpuThread,
  VcpuThreadError,
  type Vm,
} from "@trapline/trapline";
import { readDirectory, readTextFile } from "../../kvm/sys/proc.ts";
import { timeScale } from "../../kvm/time_scale.ts";
import { kvmTest } from "../../tests/support/kvm_testing.ts";
import { WorkerThread } from "./worker_thread.ts";

const IMPORT_MAP = new URL("../../tests/support/offline_import_map.json", import.meta.url).pathname;
const SPINS = asm64`jmp $`;
const READS_FOR_EVER = asm64`
    mov ecx, 0x174
  again:
    rdmsr
    jmp again
`;
/** What a guest may take that is to exit many times before its deadline. */
const BUSY_MS = 30 * timeScale();
const MODULE = new URL("./vcpu_worker.ts", import.meta.url).href;

function denied(kvm: Kvm): Vm {
  const vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(MsrFilter.DENY_ALL);
  return vm;
}

/** The timers and the workers of this process. */
function leftovers(): { timers: number; workers: number } {
  const timers = readTextFile("/proc/self/timers").match(/^ID: /gm)?.length ?? 0;
  const workers = readDirectory("/proc/self/task")
    .filter((task) => readTextFile(`/proc/self/task/${task}/comm`).startsWith("worker-"));
  return { timers, workers: workers.length };
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

kvmTest(
  "stop() brings a guest out that never exits, and run() goes on with it",
  async ({ kvm }) => {
    using vm = kvm.createVm();
    const { vcpu } = Session.boot(vm, SPINS);
    await using thread = await VcpuThread.start(vcpu);
    for (let i = 0; i < 5; i++) {
      // Its watchdog would look in after 100 s only: it is stop() that brings it out.
      const running = thread.run({ deadlineMs: 1_000_000 });
      await sleep(2 * i);
      assert(thread.running);
      await thread.stop();
      assertEquals([(await running).name, thread.running], ["INTR", false]);
      assertEquals(vcpu.regs().rip, 0xc000n);
    }
    await thread.stop();
  },
);

kvmTest("stop() completes the access that made the last exit", async ({ kvm }) => {
  using vm = denied(kvm);
  await using thread = await GuestThread.boot(vm, guest.rdmsr(0x174));
  (await thread.next("X86_RDMSR")).supply(5n);
  const running = thread.step();
  await thread.stop();
  // Stopped before the next instruction, or after the program's end.
  assert(["INTR", "IO"].includes((await running).name));
  assertEquals(thread.session.vcpu.regs().rax, 5n);
});

kvmTest(
  "run() ends in a DeadlineError, also amid exits that the thread answers",
  async ({ kvm }) => {
    using vm = denied(kvm);
    await using guests = await GuestThreads.boot(vm, [SPINS, READS_FOR_EVER]);
    for (const thread of guests.threads) {
      const running = thread.step({ deadlineMs: BUSY_MS, answers: { rdmsr: 0n } });
      const error = await assertRejects(() => running, DeadlineError, `after ${BUSY_MS} ms`);
      assert(error.message.includes("Guest (long mode)"), error.message);
    }
    assert(guests.threads[1]!.answered.rdmsr > 0);
  },
);

kvmTest("run() ends in the kernel's own refusal", async ({ kvm }) => {
  using vm = kvm.createVm();
  const vcpu = vm.createVcpu();
  await using thread = await VcpuThread.start(vcpu);
  // A register set that is not offered: the kernel refuses to enter.
  vcpu.kvmRun.setBigUint64(288, 1n << 31n, true);
  const error = await assertRejects(() => thread.run(), KvmError);
  assertEquals([error.ioctl, error.errnoName], ["KVM_RUN", "EINVAL"]);
});

kvmTest("a vCPU that runs elsewhere refuses its calls, and a second thread", async ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, SPINS);
  await using thread = await VcpuThread.start(session.vcpu);
  const running = thread.run();
  const why = "the vCPU runs on another thread, stop it first";
  assertThrows(() => session.vcpu.regs(), Error, `Cannot call KVM_GET_REGS: ${why}`);
  assertThrows(() => session.vcpu.run(), Error, `Cannot call KVM_RUN: ${why}`);
  assertThrows(() => session.restart(), Error, why);
  await assertRejects(() => thread.run(), Error, "its thread runs it already");
  await assertRejects(() => VcpuThread.start(session.vcpu), Error, "it has one already");
  await thread.stop();
  await running;
  session.restart();
});

kvmTest("run() refuses a deadline and answers that are none", async ({ kvm }) => {
  using vm = kvm.createVm();
  await using thread = await VcpuThread.start(Session.boot(vm, SPINS).vcpu);
  await assertRejects(() => thread.run({ deadlineMs: 0 }), RangeError, "deadline of 0 ms");
  await assertRejects(() => thread.run({ answers: { rdmsr: -1n } }), RangeError, "64 bits");
  assertEquals(thread.running, false);
});

kvmTest("closing the VM stops the guests first", async ({ kvm }) => {
  const before = leftovers();
  const vm = denied(kvm);
  const guests = await GuestThreads.boot(vm, [SPINS, READS_FOR_EVER, guest.rdmsr(0x174)]);
  const [spinning, reading] = guests.threads;
  const runs = [
    spinning!.step({ deadlineMs: 1_000_000 }),
    reading!.step({ answers: { rdmsr: 0n } }),
  ];
  await sleep(5);
  vm.close();
  for (const run of runs) await assertRejects(() => run, ClosedError, "vCPU thread is closed");
  await assertRejects(() => guests.threads[2]!.thread.run(), ClosedError);
  await guests.close();
  assertEquals(leftovers(), before);
});

kvmTest("close() ends the thread and leaves the vCPU as usual", async ({ kvm }) => {
  using vm = denied(kvm);
  const session = Session.boot(vm, SPINS);
  const before = leftovers();
  for (let i = 0; i < 3; i++) {
    const thread = await VcpuThread.start(session.vcpu);
    assertEquals(leftovers().workers, before.workers + 1);
    void thread.run();
    await thread.close();
    await thread.close();
    assertEquals(leftovers(), before);
  }
  session.load(guest.rdmsr(0x174));
  session.next("X86_RDMSR").supply(3n);
  assertEquals(session.finish().value, 3n);
});

kvmTest("a thread that throws ends in VcpuThreadError and leaves nothing", async ({ kvm }) => {
  using vm = kvm.createVm();
  const session = Session.boot(vm, SPINS, { deadlineMs: 20 });
  const before = leftovers();
  let worker: Worker | undefined;
  const thread = await VcpuThread.start(
    session.vcpu,
    () => worker = new Worker(MODULE, { type: "module" }),
  );
  worker!.postMessage({ kind: "run", answers: {} });
  const running = thread.run();
  const error = await assertRejects(() => running, VcpuThreadError, "The thread of vCPU 0 died: ");
  assert(error.cause instanceof RangeError, String(error.cause));
  await assertRejects(() => thread.run(), VcpuThreadError);
  await thread.close();
  assertEquals(leftovers(), before);
  assertThrows(() => session.step(), DeadlineError);
});

kvmTest(
  "a thread that is terminated in the guest is noticed and leaves nothing",
  async ({ kvm }) => {
    using vm = kvm.createVm();
    const session = Session.boot(vm, SPINS);
    const before = leftovers();
    let worker: Worker | undefined;
    const thread = await VcpuThread.start(
      session.vcpu,
      () => worker = new Worker(MODULE, { type: "module" }),
    );
    const running = thread.run({ deadlineMs: 1000 });
    await sleep(20);
    worker!.terminate();
    await assertRejects(() => running, VcpuThreadError, "it was terminated");
    await thread.close();
    assertEquals(leftovers(), before);
    assertEquals(session.vcpu.regs().rip, 0xc000n);
  },
);

kvmTest("a VM is closed though the thread of a running vCPU was terminated", async ({ kvm }) => {
  const vm = kvm.createVm();
  let worker: Worker | undefined;
  const thread = await VcpuThread.start(
    Session.boot(vm, SPINS).vcpu,
    () => worker = new Worker(MODULE, { type: "module" }),
  );
  const running = thread.run();
  await sleep(20);
  worker!.terminate();
  vm.close();
  await assertRejects(() => running, ClosedError);
  await thread.close();
});

kvmTest("start() ends in VcpuThreadError when the module is not there", ({ kvm }) => {
  kvm.close();
  // In a process of its own: Deno prints why a module is missing, also when that is awaited.
  const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: [
      ...["eval", "--quiet", "--no-check", `--import-map=${IMPORT_MAP}`],
      `import { asm64, Kvm, Session, takeCensus, VcpuThread } from "@trapline/trapline";
       using kvm = Kvm.open();
       using vm = kvm.createVm();
       const { vcpu } = Session.boot(vm, asm64\`jmp $\`);
       const before = JSON.stringify(takeCensus());
       const spawn = () => new Worker("file:///no/such/module.ts", { type: "module" });
       const { name, message } = await VcpuThread.start(vcpu, spawn).catch((error) => error);
       await using thread = await VcpuThread.start(vcpu);
       const isClean = JSON.stringify(takeCensus()) === before;
       const seen = JSON.stringify([name, message, isClean, thread.running]);
       Deno.stdout.writeSync(new TextEncoder().encode(seen));`,
    ],
  }).outputSync();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const [name, message, ...rest] = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals([name, ...rest], ["VcpuThreadError", true, false]);
  assertMatch(message, /^The thread of vCPU 0 did not start: .*Module not found/);
});

kvmTest("start() ends in VcpuThreadError when the worker ends without a word", async ({ kvm }) => {
  using vm = kvm.createVm();
  const { vcpu: { fd, id, page } } = Session.boot(vm, SPINS);
  const { address, view } = page;
  const control = new SharedArrayBuffer(32);
  const handover = { kind: "handover", fd, id, address, size: view.byteLength, control } as const;
  const spawn = (): Worker => new Worker("data:text/javascript,close()", { type: "module" });
  await assertRejects(
    () => WorkerThread.start(id, handover, spawn, 200),
    VcpuThreadError,
    "did not start within 200 ms",
  );
});

kvmTest("eight vCPUs run at once, and all end", async ({ kvm }) => {
  using vm = denied(kvm);
  await using guests = await GuestThreads.boot(vm, Array(8).fill(guest.rdmsr(0x174)));
  const ends = await guests.finish({ answers: { rdmsr: 0x2an } });
  assertEquals(ends.map(({ value }) => value), Array(8).fill(0x2an));
  assertEquals(guests.threads.map(({ answered }) => answered.rdmsr), Array(8).fill(1));
});
