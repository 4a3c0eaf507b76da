/**
 * Signals that a person or a machine ends a program with, for a program that
 * has to put something in order first.
 *
 * @module
 */

/** The signals, each with the exit status that a shell gives for it. */
export const ENDING_SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** One of these signals. */
export type EndingSignal = keyof typeof ENDING_SIGNALS;

/**
 * Calls `listener` when such a signal comes, which does not end this process
 * then, until the result is disposed of. The listener waits for a turn of the
 * event loop.
 */
export function onEndingSignal(
  listener: (signal: EndingSignal, status: number) => void,
): Disposable {
  const stack = new DisposableStack();
  for (const [name, status] of Object.entries(ENDING_SIGNALS)) {
    const signal = name as EndingSignal;
    const own = (): void => listener(signal, status);
    Deno.addSignalListener(signal, own);
    stack.defer(() => Deno.removeSignalListener(signal, own));
  }
  return stack;
}

/** How a program ended that {@linkcode runToEnd} started. */
export interface Ended extends Deno.CommandStatus {
  /** The status of the last signal that was passed on, if one was. */
  readonly ended: number | undefined;
}

/**
 * Runs a program to its end, and passes such signals on to it meanwhile. Ctrl-C
 * reaches it by itself; the signal of one that knows this process alone does not.
 */
export async function runToEnd(command: Deno.Command): Promise<Ended> {
  let ended: number | undefined;
  using _signals = onEndingSignal((signal, status) => {
    ended = status;
    try {
      child.kill(signal);
    } catch (error) {
      // It has ended meanwhile.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  });
  const child = command.spawn();
  return { ...await child.status, ended };
}
