/**
 * The race of filter against the host's own accesses.
 *
 * @module
 */
import { IOCTL } from "../../kvm/abi/ioctls.ts";
import type { Kvm } from "../../kvm/kvm.ts";
import { encodeMsrs } from "../../kvm/msrs.ts";
import { timeScale } from "../../kvm/time_scale.ts";
import { IoctlThread } from "./ioctl_thread.ts";
import { pause } from "./processors.ts";
import { Race } from "./race.ts";
import { checkSeconds, type RaceResult, type RunOptions } from "./result.ts";
import { calledOnce, makeSetter, stopSetter } from "./setter.ts";

/** Milliseconds between two reports of how far it is. */
const REPORT_MS = 100;

/**
 * Reads and writes the pair's `msrs` by `KVM_GET_MSRS` and `KVM_SET_MSRS` from
 * other threads, on a running vCPU and on an idle one, while two filters are
 * swapped and the vCPUs access MSRs. No filter may deny them to the host, and
 * no value may change; denied accesses of the guests are exits.
 *
 * @throws {RangeError} When the seconds, the vCPUs or the accesses cannot be.
 * @throws {KvmError} When the kernel refuses one of the steps.
 * @throws {VcpuThreadError} When a thread does not start.
 * @throws {GuestAssertionError | DeadlineError} When a guest ends by itself, or does not end.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 * import { raceMsrIoctls } from "@trapline/trapline/race";
 *
 * using kvm = Kvm.open();
 * const { violations } = await raceMsrIoctls(kvm, { seconds: 0.1, vcpus: 2 });
 * assertEquals(violations, []);
 * ```
 */
export async function raceMsrIoctls(kvm: Kvm, options: RunOptions = {}): Promise<RaceResult> {
  const ms = checkSeconds(options.seconds);
  const violations: string[] = [];
  using vm = kvm.createVm();
  // Guests that exit: an ioctl of a vCPU waits until its vCPU is out of the guest.
  await using race = await Race.boot(vm, { ...options, trap: "exit" });
  const standing = race.pair.msrs ?? [];
  const idle = vm.createVcpu();
  idle.setCpuid(vm.supportedCpuid);
  idle.setMsrs(standing);
  const busy = race.guests.threads[0]!.session.vcpu;
  race.phase = "A to B";
  await using setter = await makeSetter(vm, race.pair);
  const calls = [IOCTL.GET_MSRS, IOCTL.SET_MSRS].flatMap((request) =>
    [busy, idle].map((vcpu) => ({ request, vcpu }))
  );
  await using stack = new AsyncDisposableStack();
  const threads: IoctlThread[] = [];
  for (const { vcpu, request } of calls) {
    threads.push(stack.use(await IoctlThread.make(vcpu, request, [encodeMsrs(standing)])));
  }
  await race.start(2 * ms + 120_000 * timeScale());
  const begin = performance.now();
  for (const thread of [setter, ...threads]) thread.turn();
  for (let left = ms; left > 0; left = begin + ms - performance.now()) {
    await pause(Math.min(left, REPORT_MS));
    options.onProgress?.({ accesses: race.accesses, swaps: setter.called });
  }
  await calledOnce([setter, ...threads]);
  await race.rounds(1);
  for (const [i, thread] of threads.entries()) {
    const { changed, results, refused } = await thread.stop();
    const { request, vcpu } = calls[i]!;
    const name = `${request.name} of the ${vcpu === busy ? "running" : "idle"} vCPU`;
    if (changed > 0) violations.push(`${name} gave other values ${changed} times`);
    if (refused !== 0) violations.push(`${name} was refused with errno ${refused}`);
    const other = results.find((result) => result !== standing.length);
    if (other !== undefined) {
      violations.push(`${name} gave ${other}, wanted ${standing.length}, the MSRs`);
    }
  }
  const swaps = await stopSetter(setter, violations);
  const seconds = (performance.now() - begin) / 1000;
  await race.end();
  violations.push(...race.violations);
  return { seconds, accesses: race.accesses, swaps, violations };
}
