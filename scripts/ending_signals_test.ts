/**
 * Ctrl-C and SIGTERM at moments chosen at random: what is started ends with
 * the status that a shell gives, and leaves neither a process nor a file.
 */
import { assertEquals } from "@std/assert";
import { randomSource } from "../guests/oracle/probes.ts";
import { asked } from "../tests/support/asked.ts";
import { obstacle } from "../tests/support/requirements.ts";
import { ENDING_SIGNALS, type EndingSignal } from "./ending_signals.ts";
import { processesOf } from "./processes.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const PERMISSIONS = ["--allow-ffi", "--allow-run", "--allow-read", "--allow-write", "--allow-env"];
const SEED = 1;
/** Moments when all are wanted, and otherwise. */
const MOMENTS = asked() === undefined ? 20 : 2;
/** Milliseconds after which what was told to end is taken to hang. */
const PATIENCE_MS = 60_000;

const list = (folder: string): string[] =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();

interface Case {
  /** Deno's command line; the file that it writes is in `folder`. */
  command(folder: string): readonly string[];
  readonly signal: EndingSignal;
  /** Milliseconds from its start. */
  readonly delay: number;
}

/** Starts a group of processes, sends it the signal, and gives the status once all is over. */
async function endAt({ command, signal, delay }: Case, folder: string): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...command(folder)],
    cwd: ROOT,
    env: { TMPDIR: `${folder}/tmp`, TRAPLINE_KVM: "host" },
    detached: true, // A group of its own, as a terminal gives it.
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await new Promise((resolve) => setTimeout(resolve, delay));
  // Ctrl-C goes to the whole group; who ends a program knows its first process alone.
  Deno.kill(signal === "SIGINT" ? -child.pid : child.pid, signal);
  const hangs = setTimeout(() => Deno.kill(-child.pid, "SIGKILL"), PATIENCE_MS);
  const { code } = await child.status;
  clearTimeout(hangs);
  return code;
}

/** What stays when it is over, but for the output files named. */
async function check(one: Case, outputs: readonly string[]): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "trapline-signal-test-" });
  const where = `${one.signal} after ${one.delay} ms`;
  try {
    await Deno.mkdir(`${folder}/tmp`);
    const code = await endAt(one, folder);
    assertEquals(code, ENDING_SIGNALS[one.signal], where);
    assertEquals(processesOf(folder), [], where);
    assertEquals(list(`${folder}/tmp`), [], where);
    const others = list(folder).filter((name) => name !== "tmp" && !outputs.includes(name));
    assertEquals(others, [], where);
    for (const name of outputs) {
      if (list(folder).includes(name)) JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function checkAll(
  spanMs: number,
  outputs: readonly string[],
  command: Case["command"],
): Promise<void> {
  const random = randomSource(SEED);
  const cases = Array.from({ length: MOMENTS }, (_, i): Case => ({
    command,
    signal: i % 2 === 0 ? "SIGINT" : "SIGTERM",
    delay: random() % spanMs,
  }));
  const worker = async (): Promise<void> => {
    for (let next = cases.pop(); next !== undefined; next = cases.pop()) await check(next, outputs);
  };
  await Promise.all([worker(), worker()]);
}

const withoutKvm = obstacle([]);

function testTask(name: string, args: (folder: string) => readonly string[]): void {
  Deno.test({
    name: `${name} ends at Ctrl-C and SIGTERM, and leaves nothing`,
    ignore: withoutKvm !== undefined,
    fn: () =>
      checkAll(4000, ["out.json"], (folder) => [
        ...["run", "--quiet", "--no-check", ...PERMISSIONS],
        ...["scripts/with_kvm.ts", name, ...args(folder)],
      ]),
  });
}

testTask("verify", (folder) => ["--json", `${folder}/out.json`]);
testTask("fuzz", (folder) => ["--filters", "1000000", "--json", `${folder}/out.json`]);

Deno.test("writeWhole() leaves a whole file alone when a signal comes while it writes", async () => {
  const module = new URL("write_file.ts", import.meta.url).href;
  const text = 'JSON.stringify("x".repeat(8 << 20))';
  await checkAll(1500, ["out.json"], (folder) => [
    ...["eval", "--quiet", "--no-check"],
    `import { writeWhole } from "${module}";` +
    `const text = ${text}; while (true) await writeWhole("${folder}/out.json", text);`,
  ]);
});

Deno.test("onEndingSignal() puts an end off until it is disposed of", async () => {
  const module = new URL("ending_signals.ts", import.meta.url).href;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["eval", "--quiet", "--no-check"],
      `import { onEndingSignal } from "${module}";
       const came = Promise.withResolvers();
       const held = onEndingSignal((signal, status) => came.resolve([signal, status]));
       const awake = setInterval(() => {}, 1000);
       Deno.kill(Deno.pid, "SIGTERM");
       console.log(JSON.stringify(await came.promise));
       held[Symbol.dispose]();
       Deno.kill(Deno.pid, "SIGINT");`,
    ],
  }).output();
  assertEquals([code, new TextDecoder().decode(stdout)], [130, '["SIGTERM",143]\n']);
});
