import { assertEquals } from "@std/assert";
import { ERRNO } from "../../kvm/abi/errno.ts";
import { IOCTL } from "../../kvm/abi/ioctls.ts";
import { POSIX } from "../../kvm/abi/posix.ts";
import { BorrowedHandle } from "../../kvm/borrowed_handle.ts";
import { closeFd, openFd } from "../../kvm/sys/fd.ts";
import { IoctlThread } from "./ioctl_thread.ts";

/** A thread that calls an ioctl of KVM on what is none. */
async function withThread(body: (thread: IoctlThread) => Promise<void>): Promise<void> {
  const fd = openFd("/dev/null", POSIX.O_RDONLY | POSIX.O_CLOEXEC);
  try {
    const handle = new BorrowedHandle(fd);
    await using thread = await IoctlThread.make(handle, IOCTL.GET_MSRS, [new Uint8Array(8)]);
    await body(thread);
  } finally {
    closeFd(fd);
  }
}

Deno.test("an IoctlThread waits for its turn, and ends with the errno of a refusal", () =>
  withThread(async (thread) => {
    assertEquals([thread.calling, thread.called], [0, 0]);
    thread.turn();
    const { calls, refused, results } = await thread.refused();
    assertEquals([calls, refused, results], [0, ERRNO.ENOTTY, []]);
    assertEquals([thread.calling, thread.called], [1, 0]);
  }));

Deno.test("stop() ends an IoctlThread that has not had a turn", () =>
  withThread(async (thread) => {
    const { calls, refused } = await thread.stop();
    assertEquals([calls, refused], [0, 0]);
  }));
