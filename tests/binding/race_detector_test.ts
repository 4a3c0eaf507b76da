/**
 * What the races of tests/clauses/filter_races_test.ts would notice.
 *
 * That is worked out by `logOfMissing()`, from the rates of the very loop that
 * the clause runs, and it is tried: a second thread opens such a window from
 * user space. On a machine with one processor neither says anything of a
 * window in the kernel, which is noticed there only when a tick of the timer
 * falls into it; the planted windows leave the processor to the guests.
 *
 * @module
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { type EncodedMsrFilter, IOCTL, Kvm, MsrFilter } from "@trapline/trapline";
import {
  IoctlThread,
  logOfMissing,
  Race,
  raceFilters,
  STANDARD_PAIR,
  type Trap,
} from "@trapline/trapline/race";
import { kvmTest } from "../support/kvm_testing.ts";
import { ONE_PROCESSOR, sleep } from "../support/processors.ts";

const WINDOW_US = 100;
const WINDOW_SECONDS = WINDOW_US * 1e-6;
const WITHIN_SECONDS = 10;

/** What the names of tests must say too: no window in a kernel leaves the only processor. */
const WHERE = ONE_PROCESSOR ? ", while the guests are left the only processor" : "";

const WORKED_OUT = ONE_PROCESSOR
  ? "a window of 100 us is noticed on one processor only when a tick of the timer falls into it, " +
    "and nothing is worked out"
  : "a window of 100 us in each change would be missed for 10 s by less than one in 10^9";

for (const trap of ["gp", "exit"] satisfies Trap[]) {
  kvmTest(`${WORKED_OUT}, by ${trap}`, async ({ kvm }) => {
    const result = await raceFilters(kvm, { vcpus: 2, trap });
    assertEquals(result.violations, [], "rates are measured");
    const log = logOfMissing(result, WINDOW_US, WITHIN_SECONDS);
    if (ONE_PROCESSOR) assertEquals(log, 0);
    else assert(log < Math.log(1e-9), `${JSON.stringify(result)} misses with e^${log.toFixed(1)}`);
  });
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
const B = STANDARD_PAIR.b.encode();

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
  await using race = await Race.boot(vm, { vcpus: 2, trap });
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
    const found = race.violationCount;
    if (found > seen && open < LONGEST_SECONDS) noticed++;
    seen = found;
    if (windows % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await race.end();
  assertGreaterOrEqual(noticed, NOTICED, `windows noticed of ${windows} of 100 us`);
  for (const violation of race.violations) assert(wanted.test(violation), violation);
}

const HALF_BUILT = new MsrFilter({
  default: "deny",
  ranges: [{ base: STANDARD_PAIR.accesses[0]!.index, count: 1, allow: "read" }],
});

for (const trap of ["gp", "exit"] satisfies Trap[]) {
  kvmTest(
    `a planted window of 100 us with an empty filter is noticed within 10 s, by ${trap}${WHERE}`,
    async ({ kvm }) => {
      // What a write that passed has left behind is found later, in any phase.
      const wanted =
        /passed while A was replaced by B \(A denies, B denies|another value .*B allows/;
      await assertNoticed(kvm, MsrFilter.ALLOW_ALL.encode(), trap, wanted);
    },
  );

  kvmTest(
    `a planted window of 100 us with a half-built filter is noticed within 10 s, by ${trap}${WHERE}`,
    async ({ kvm }) => {
      await assertNoticed(
        kvm,
        HALF_BUILT.encode(),
        trap,
        /trapped while A was replaced by B \(A allows, B allows/,
      );
    },
  );
}

kvmTest(
  "a filter that comes into force only after the ioctl has returned is noticed",
  async ({ kvm }) => {
    using vm = kvm.createVm();
    await using race = await Race.boot(vm, { vcpus: 2 });
    await race.start();
    for (let swaps = 0; race.violationCount === 0 && swaps < 5000; swaps++) {
      // Said to be in force, and 100 us late.
      const next = swaps % 2 === 0 ? "B" : "A";
      race.phase = next;
      pass(WINDOW_SECONDS);
      race.swapTo(next);
    }
    await race.end();
    assert(race.violationCount > 0, "no violation was found");
    for (const violation of race.violations) {
      assert(/with [AB] in force/.test(violation), violation);
    }
  },
);
