/**
 * What the races of tests/clauses/filter_races_test.ts would notice.
 *
 * The calculation. Guests that access MSRs at a rate of r a second in all make
 * w * r accesses on average in a window of w seconds. Of the probes, a share s
 * tells such a window: what both filters deny tells one in which no filter or
 * an empty one is in force, and what both allow tells one in which a filter
 * denies by default and lacks its ranges. The accesses of one guest come about
 * evenly spaced and the windows come at moments unrelated to them, so that a
 * window is missed with a probability of at most e^(-w*r*s), which is that of
 * arrivals by pure chance. With one window in each change of the filter, n
 * changes miss all of them with at most e^(-n*w*r*s).
 *
 * Both rates are measured, in the very loop that the clause runs. r is that
 * of the accesses between the beginning of an ioctl and its end, not over all:
 * it is there that the window would be. On a machine with one processor that
 * does not hold: a kernel that neither sleeps in the window nor is preempted
 * lets no guest run in it, and no access can find it open.
 *
 * And it is tried: a second thread opens such a window from user space.
 *
 * @module
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { type EncodedMsrFilter, IOCTL, Kvm, MsrFilter } from "@trapline/trapline";
import { kvmTest } from "../support/kvm_testing.ts";
import { ONE_PROCESSOR, Race, raceMs, sleep, type Trap } from "../support/race.ts";
import { FILTER_B, PROBES } from "../support/race_filters.ts";
import { IoctlThread } from "../support/race_ioctls.ts";

const WINDOW_SECONDS = 100e-6;
const WITHIN_SECONDS = 10;

/** The share of the probes that tell a window of either kind, the smaller of the two. */
const TELLING_SHARE = Math.min(
  PROBES.filter(({ a, b }) => !a && !b).length,
  PROBES.filter(({ a, b }) => a && b).length,
) / PROBES.length;

/** The natural logarithm of the probability that every window of the given time is missed. */
function logMiss(accessesPerSecond: number, swapsPerSecond: number): number {
  const perWindow = WINDOW_SECONDS * accessesPerSecond * TELLING_SHARE;
  return -perWindow * swapsPerSecond * WITHIN_SECONDS;
}

Deno.test("logMiss() is that of arrivals by pure chance", () => {
  // 5 of 14 probes tell: 10,000 accesses a second are 0.357 in 100 us, and 100 swaps a second are
  // 1,000 windows in 10 s.
  assertEquals(Math.round(logMiss(10_000, 100)), -357);
  assertEquals(Math.abs(logMiss(0, 100)), 0);
});

for (const trap of ["gp", "exit"] satisfies Trap[]) {
  kvmTest(
    `a window of 100 us in each change would be missed for 10 s by less than one in 10^9, by ${trap}`,
    async ({ kvm }) => {
      using vm = kvm.createVm();
      await using race = await Race.boot(vm, 2, trap);
      await race.start();
      const begin = performance.now();
      let changingMs = 0;
      let swaps = 0;
      const before = race.accessesWhileChanging;
      while (performance.now() - begin < raceMs(1) || swaps < 10) {
        const start = performance.now();
        race.swapTo(swaps++ % 2 === 0 ? "B" : "A");
        changingMs += performance.now() - start;
      }
      const seconds = (performance.now() - begin) / 1000;
      const accessesPerSecond = (race.accessesWhileChanging - before) / (changingMs / 1000);
      await race.end();
      race.assertNoFaults("rates are measured");
      const log = logMiss(accessesPerSecond, swaps / seconds);
      assert(
        ONE_PROCESSOR || log < Math.log(1e-9),
        `${accessesPerSecond.toFixed(0)} accesses and ${
          (swaps / seconds).toFixed(0)
        } swaps a second ` +
          `miss with e^${log.toFixed(1)}`,
      );
    },
  );
}

/** The windows that must be noticed; one could be longer than it was meant to be. */
const NOTICED = 3;
/** Of how many: fewer than there are changes of the filter in 10 s. */
const WINDOWS = 500;

/** A window that this thread kept open for longer, being scheduled away, does not count. */
const LONGEST_SECONDS = ONE_PROCESSOR ? Infinity : 1.5 * WINDOW_SECONDS;

/** Lets time pass in the window; with one processor, by leaving it to the guests. */
function pass(seconds: number): void {
  if (ONE_PROCESSOR) return sleep(seconds * 1000);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end);
}

/** Filter B, encoded beforehand: the window closes with its ioctl. */
const B = FILTER_B.encode();

/**
 * Changes A to B by way of a filter that is in force for about 100 us: its
 * ioctl, on another thread, still waits for the vCPUs when that of B begins.
 * Gives the seconds for which the window was open.
 */
function plant(race: Race, thread: IoctlThread, call: number): number {
  race.phase = "A to B";
  thread.turn();
  while (thread.calling < call) if (ONE_PROCESSOR) sleep(0.05);
  const begin = performance.now();
  pass(WINDOW_SECONDS);
  const open = (performance.now() - begin) / 1000;
  const { errno } = race.vm.raw(IOCTL.X86_SET_MSR_FILTER, B.bytes);
  assertEquals(errno, 0, "errno of the ioctl that closes the window");
  thread.waitForCall(call, 10_000);
  // Whichever of the two came last, now it is B.
  race.swapTo("B");
  race.swapTo("A");
  return open;
}

async function assertNoticed(
  kvm: Kvm,
  between: EncodedMsrFilter,
  trap: Trap,
  wanted: RegExp,
): Promise<void> {
  using vm = kvm.createVm();
  await using race = await Race.boot(vm, 2, trap);
  await using thread = await IoctlThread.make(
    vm,
    IOCTL.X86_SET_MSR_FILTER,
    [between.bytes],
    true,
  );
  await race.start();
  let noticed = 0;
  let windows = 0;
  let seen = 0;
  while (noticed < NOTICED && windows < WINDOWS) {
    const open = plant(race, thread, ++windows);
    const found = race.faultCount;
    if (found > seen && open < LONGEST_SECONDS) noticed++;
    seen = found;
    if (windows % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await race.end();
  assertGreaterOrEqual(noticed, NOTICED, `windows noticed of ${windows} of 100 us`);
  for (const fault of race.faults) assert(wanted.test(fault), fault);
}

const HALF_BUILT = new MsrFilter({
  default: "deny",
  ranges: [{ base: PROBES[0]!.index, count: 1, allow: "read" }],
});

for (const trap of ["gp", "exit"] satisfies Trap[]) {
  kvmTest(
    `a planted window of 100 us with an empty filter is noticed within 10 s, by ${trap}`,
    async ({ kvm }) => {
      // What a write that passed has left behind is found later, in any phase.
      const wanted = /pass in phase "A to B" of .* \(A denies, B denies\)|wrong in .*B allows\)/;
      await assertNoticed(kvm, MsrFilter.ALLOW_ALL.encode(), trap, wanted);
    },
  );

  kvmTest(
    `a planted window of 100 us with a half-built filter is noticed within 10 s, by ${trap}`,
    async ({ kvm }) => {
      await assertNoticed(
        kvm,
        HALF_BUILT.encode(),
        trap,
        /trap in phase "A to B" of .* \(A allows, B allows\)/,
      );
    },
  );
}

kvmTest(
  "a filter that comes into force only after the ioctl has returned is noticed",
  async ({ kvm }) => {
    using vm = kvm.createVm();
    await using race = await Race.boot(vm, 2, "gp");
    await race.start();
    for (let swaps = 0; race.faultCount === 0 && swaps < 5000; swaps++) {
      // Said to be in force, and 100 us late.
      const next = swaps % 2 === 0 ? "B" : "A";
      race.phase = next;
      pass(WINDOW_SECONDS);
      race.swapTo(next);
    }
    await race.end();
    assert(race.faultCount > 0, "no fault was found");
    for (const fault of race.faults) assert(/in phase "[AB]" of /.test(fault), fault);
  },
);
