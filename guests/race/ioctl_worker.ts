/**
 * A module for a `Worker`: a thread that calls one ioctl on one descriptor again
 * and again, until it is told to stop or the kernel refuses.
 *
 * @module
 */
import { BorrowedHandle } from "../../kvm/borrowed_handle.ts";
import { type IoctlOrder, type IoctlReport, WORD } from "./ioctl_thread.ts";

interface Scope {
  onmessage: ((event: MessageEvent<IoctlOrder>) => void) | null;
  postMessage(message: IoctlReport | "ready"): void;
}
const scope = globalThis as unknown as Scope;

function repeat({ fd, request, buffers, words: shared, byTurns }: IoctlOrder): IoctlReport {
  const words = new Int32Array(shared);
  const handle = new BorrowedHandle(fd);
  const first = buffers.map((buffer) => buffer.slice());
  const results = new Set<number>();
  let calls = 0;
  let changed = 0;
  let slowestMs = 0;
  while (true) {
    if (calls === 0 || byTurns) Atomics.wait(words, WORD.turn, calls);
    if (Atomics.load(words, WORD.stop) === 1) break;
    const which = calls % buffers.length;
    const buffer = buffers[which]!;
    const before = performance.now();
    Atomics.store(words, WORD.calling, calls + 1);
    const { result, errno } = handle.raw(request, buffer);
    slowestMs = Math.max(slowestMs, performance.now() - before);
    if (result < 0) return { calls, changed, slowestMs, results: [...results], refused: errno };
    results.add(result);
    if (buffer.some((byte, i) => byte !== first[which]![i])) changed++;
    calls++;
    Atomics.store(words, WORD.called, calls);
    Atomics.notify(words, WORD.called);
  }
  return { calls, changed, slowestMs, results: [...results], refused: 0 };
}

scope.onmessage = ({ data }: MessageEvent<IoctlOrder>): void => {
  scope.postMessage("ready");
  scope.postMessage(repeat(data));
};
