/**
 * Ending what a test starts at moments chosen at random, and looking at what
 * is left.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { randomSource } from "../guests/oracle/random.ts";
import { ENDING_SIGNALS, type EndingSignal } from "./ending_signals.ts";
import { processesInGroup, processesOf } from "./processes.ts";

/** The repository. */
export const ROOT = new URL("../", import.meta.url).pathname;
const SEED = 1;
/** Milliseconds after which what was told to end is taken to hang. */
const PATIENCE_MS = 60_000;

const list = (folder: string): string[] =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();

interface Case {
  /** Deno's command line; the file that it writes is in `folder`. */
  command(folder: string): readonly string[];
  readonly signal: EndingSignal;
  /** Milliseconds from its start, or from when it is at work. */
  readonly delay: number;
  /** Whether it is at work, by what is in the folder; not waited for by default. */
  readonly isAtWork?: ((folder: string) => boolean) | undefined;
}

/** How a group of processes ended, and who of it is still there. */
interface GroupEnd {
  readonly code: number;
  readonly left: readonly string[];
  /** Whether it was told to end; it may have come to its end before. */
  readonly isSignalled: boolean;
}

/** Starts a group of processes, sends it the signal, and waits for the first one's end. */
async function endAt(one: Case, folder: string): Promise<GroupEnd> {
  const { command, signal, delay, isAtWork } = one;
  const child = new Deno.Command(Deno.execPath(), {
    args: [...command(folder)],
    cwd: ROOT,
    env: { TMPDIR: `${folder}/tmp`, TRAPLINE_KVM: "host" },
    detached: true, // A group of its own, as a terminal gives it.
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const start = performance.now();
  while (isAtWork !== undefined && !isAtWork(folder)) {
    if (performance.now() - start > PATIENCE_MS) {
      Deno.kill(-child.pid, "SIGKILL");
      throw new Error("It does not come to work");
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const isDone = child.status.then(() => true);
  const isSignalled = !await Promise.race([
    isDone,
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), delay)),
  ]);
  // Ctrl-C goes to the whole group; who ends a program knows its first process alone.
  if (isSignalled) Deno.kill(signal === "SIGINT" ? -child.pid : child.pid, signal);
  const hangs = setTimeout(() => Deno.kill(-child.pid, "SIGKILL"), PATIENCE_MS);
  const { code } = await child.status;
  // The others of the group may be on their way out still.
  const all = (): string[] => [...processesInGroup(child.pid), ...processesOf(folder)];
  for (let i = 0; i < 100 && all().length > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  clearTimeout(hangs);
  return { code, left: all(), isSignalled };
}

/** Looks at what stays when it is over, but for the output files named; whether it was signalled. */
async function check(one: Case, outputs: readonly string[]): Promise<boolean> {
  const folder = await Deno.makeTempDir({ prefix: "trapline-signal-test-" });
  const since = one.isAtWork === undefined ? "its start" : "it came to work";
  const where = `${one.signal} ${one.delay} ms after ${since}`;
  try {
    await Deno.mkdir(`${folder}/tmp`);
    const { code, left, isSignalled } = await endAt(one, folder);
    assertEquals(code, isSignalled ? ENDING_SIGNALS[one.signal] : 0, where);
    assertEquals(left, [], where);
    assertEquals(list(`${folder}/tmp`), [], where);
    const others = list(folder).filter((name) => name !== "tmp" && !outputs.includes(name));
    assertEquals(others, [], where);
    for (const name of outputs.filter((name) => name.endsWith(".json"))) {
      if (list(folder).includes(name)) JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
    }
    return isSignalled;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Starts `command` again and again, ends it within `spanMs` milliseconds, by
 * Ctrl-C and by SIGTERM in turns, and fails when it does not end with the status
 * that a shell gives, or leaves a process or a file, but for whole files `outputs`.
 * Less than half of them may have come to their own end before.
 *
 * @param command Gives Deno's command line; its outputs are in the folder.
 * @param isAtWork Whether it is at work, by what is in the folder. Half of the moments count from
 *   then on, so that not all of them fall into the start, where nothing is to be put in order.
 */
export async function endAtMoments(
  count: number,
  spanMs: number,
  outputs: readonly string[],
  command: Case["command"],
  isAtWork?: Case["isAtWork"],
): Promise<void> {
  const random = randomSource(SEED);
  const cases = Array.from({ length: count }, (_, i): Case => ({
    command,
    signal: i % 2 === 0 ? "SIGINT" : "SIGTERM",
    delay: random() % spanMs,
    isAtWork: i < count / 2 ? undefined : isAtWork,
  }));
  let signalled = 0;
  const worker = async (): Promise<void> => {
    for (let next = cases.pop(); next !== undefined; next = cases.pop()) {
      if (await check(next, outputs)) signalled++;
    }
  };
  await Promise.all([worker(), worker()]);
  assert(
    signalled >= count / 2,
    `only ${signalled} of ${count} were still there to be told to end`,
  );
}
