/**
 * A thread that sets a pair's filters by turns.
 *
 * @module
 */
import { IOCTL } from "../../kvm/abi/ioctls.ts";
import type { Vm } from "../../kvm/vm.ts";
import { IoctlThread } from "./ioctl_thread.ts";
import type { RacePair } from "./pair.ts";
import { pause } from "./processors.ts";

/** Makes a thread that sets B and A by turns as fast as the kernel takes them, after its turn. */
export function makeSetter(vm: Vm, { a, b }: RacePair): Promise<IoctlThread> {
  const buffers = [b, a].map((filter) => filter.encode().bytes);
  return IoctlThread.make(vm, IOCTL.X86_SET_MSR_FILTER, buffers);
}

/** Waits, on the event loop, until each of `threads` has called at least once. */
export async function calledOnce(threads: readonly IoctlThread[]): Promise<void> {
  while (threads.some(({ called }) => called === 0)) await pause(1);
}

/** Stops a thread that sets filters, and says in `violations` when one was refused. */
export async function stopSetter(setter: IoctlThread, violations: string[]): Promise<number> {
  const { calls, refused } = await setter.stop();
  if (refused !== 0) violations.push(`a filter was refused with errno ${refused}`);
  return calls;
}
