import { assert, assertEquals } from "@std/assert";
import { mounts, WITH_OWN_MOUNTS } from "../tests/support/mounts.ts";
import { processesOf } from "./processes.ts";
import { cacheDirectory } from "./sandbox/cache.ts";
import { whyNotInCache } from "./sandbox/in_cache.ts";
import { testUnless } from "../tests/support/test_unless.ts";

const SANDBOX = new URL("sandbox.ts", import.meta.url).pathname;
const CACHE = cacheDirectory((name) => Deno.env.get(name));

// One boot takes seconds: the first test is always run, the others when they are asked for.
const ALL = Deno.env.get("TRAPLINE_TEST_SANDBOX") === "all";

const MISSING = await whyNotInCache("amd");

/** A sandbox that runs, and its own temporary directory. */
interface Running {
  readonly child: Deno.ChildProcess;
  readonly folder: string;
  /** Waits until `text` was printed to stdout. */
  waitFor(text: string): Promise<void>;
  /** What was printed to stdout so far. */
  printed(): string;
  /** What was printed to stderr, once it has ended. */
  readonly complaint: Promise<string>;
}

// Runs a command with a disk of its own at the folder, lists what it left there, and ends as it did.
const ON_SMALL_DISK =
  'mount -t tmpfs -o size=400m tmpfs "$0" && cd "$0" && { "$@"; status=$?; ls -A; exit $status; }';

function start(folder: string, args: readonly string[], isDiskSmall: boolean): Running {
  const [program, ...rest] = [
    ...(isDiskSmall ? [...WITH_OWN_MOUNTS, "sh", "-c", ON_SMALL_DISK, folder] : []),
    ...[Deno.execPath(), "run", "--quiet"],
    ...["--allow-run", "--allow-read", "--allow-write", "--allow-env"],
    ...[SANDBOX, ...args],
  ];
  const child = new Deno.Command(program!, {
    args: rest,
    cwd: folder,
    env: { TMPDIR: folder, TRAPLINE_CACHE: CACHE },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let printed = "";
  let seen = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      printed += text;
      seen.resolve();
      seen = Promise.withResolvers<void>();
    }
    seen.resolve();
  })();
  const complaint = Promise.all([new Response(child.stderr).text(), reading])
    .then(([text]) => text);
  return {
    child,
    folder,
    complaint,
    printed: () => printed,
    async waitFor(text) {
      while (!printed.includes(text)) {
        const before = printed;
        await seen.promise;
        if (printed === before && !printed.includes(text)) {
          throw new Error(`The sandbox ended without printing "${text}": ${await complaint}`);
        }
      }
    },
  };
}

/** The directories of runs that are in `folder`. */
function runDirectories(folder: string): string[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  return names.filter((name) => name.startsWith("trapline-sandbox-"));
}

/** Registers a test of how a sandbox ends, which must leave nothing behind. */
function testEnd(
  name: string,
  isSlow: boolean,
  args: readonly string[],
  body: (running: Running) => Promise<void>,
  isDiskSmall: boolean = false,
): void {
  const reason = MISSING ?? (isSlow && !ALL ? "TRAPLINE_TEST_SANDBOX is not all" : undefined) ??
    (isDiskSmall ? mounts() : undefined);
  testUnless(
    reason,
    name,
    async () => {
      const folder = await Deno.makeTempDir({ prefix: "trapline-sandbox-test-" });
      try {
        const running = start(folder, args, isDiskSmall);
        await body(running);
        await running.complaint;
        assertEquals(processesOf(folder), []);
        assertEquals(runDirectories(folder), []);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}

const SLEEPER = ["--", "sh", "-c", "echo up; sleep 1000"];

testEnd("sandbox ends at Ctrl-C and leaves nothing behind", false, SLEEPER, async (running) => {
  await running.waitFor("up");
  assert(processesOf(running.folder).length > 0);
  running.child.kill("SIGINT");
  assertEquals((await running.child.status).code, 130);
});

testEnd("sandbox says so when its emulator is killed", true, SLEEPER, async (running) => {
  await running.waitFor("up");
  for (const process of processesOf(running.folder)) {
    if (process !== String(running.child.pid)) Deno.kill(Number(process), "SIGKILL");
  }
  assertEquals((await running.child.status).code, 125);
  const complaint = await running.complaint;
  assert(complaint.startsWith("QEMU was killed by signal 9"), complaint);
});

testEnd(
  "sandbox that is killed itself takes its emulator along, and the next one clears up after it",
  true,
  SLEEPER,
  async ({ waitFor, child, folder }) => {
    await waitFor("up");
    child.kill("SIGKILL");
    assertEquals((await child.status).signal, "SIGKILL");
    for (let i = 0; i < 100 && processesOf(folder).length > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(processesOf(folder), []);
    assertEquals(runDirectories(folder).length, 1);
    const next = start(folder, ["--", "true"], false);
    assertEquals((await next.child.status).code, 0, await next.complaint);
  },
);

const SYSRQ_CRASH = ["--", "sh", "-c", "echo c > /proc/sysrq-trigger"];

testEnd("sandbox tells a kernel panic", true, SYSRQ_CRASH, async (running) => {
  assertEquals((await running.child.status).code, 125);
  const complaint = await running.complaint;
  assert(complaint.startsWith("The sandbox's kernel panicked: sysrq triggered crash"), complaint);
  assert(complaint.includes("The console's last lines:\n  | "), complaint);
});

const SYSRQ_RESET = ["--", "sh", "-c", "echo b > /proc/sysrq-trigger; sleep 1000"];

testEnd("sandbox tells a reset of its machine", true, SYSRQ_RESET, async (running) => {
  assertEquals((await running.child.status).code, 125);
  const complaint = await running.complaint;
  assert(complaint.startsWith("The sandbox's machine reset"), complaint);
});

testEnd(
  "sandbox ends a command that takes too long",
  true,
  ["--timeout", "15", ...SLEEPER],
  async (running) => {
    assertEquals((await running.child.status).code, 124);
    assert((await running.complaint).startsWith("The command did not end within 15 s"));
  },
);

testEnd(
  "sandbox gives the command's output, status and results",
  true,
  ["--result", "out", "--", "sh", "-c", "echo said; echo complained >&2; echo r > out; exit 7"],
  async (running) => {
    await running.waitFor("said");
    assertEquals((await running.child.status).code, 7);
    assertEquals(await running.complaint, "complained\n");
    assertEquals(await Deno.readTextFile(`${running.folder}/out`), "r\n");
  },
);

testEnd(
  "sandbox has as many processors as it is asked for",
  true,
  ["--processors", "2", "--", "nproc"],
  async (running) => {
    assertEquals((await running.child.status).code, 0, await running.complaint);
    assertEquals(running.printed(), "2\n");
  },
);

// Takes nearly all room at once, without writing it.
const FILL = "i=1024; while [ $i -gt 0 ]; do fallocate -l ${i}m f$i; i=$((i/2)); done 2>/dev/null";

testEnd(
  "sandbox says so when the host's disk fills while it runs",
  true,
  ["--", "sh", "-c", "head -c 800m /dev/zero >big; sync"],
  async (running) => {
    assertEquals((await running.child.status).code, 125);
    const complaint = await running.complaint;
    assert(complaint.startsWith("The sandbox could not write its disk, as when"), complaint);
    assert(complaint.includes("The console's last lines:\n  | "), complaint);
    assertEquals(running.printed(), "");
  },
  true,
);

testEnd(
  "sandbox gives the status of a command that fills its disk",
  true,
  ["--", "sh", "-c", `${FILL}; dd if=/dev/zero of=big bs=1M count=4 || exit 9`],
  async (running) => {
    assertEquals((await running.child.status).code, 9);
    const complaint = await running.complaint;
    assert(complaint.includes("No space left on device"), complaint);
  },
);

testEnd(
  "sandbox says so when its disk has no room for the results",
  true,
  ["--result", "f512", "--", "sh", "-c", FILL],
  async (running) => {
    assertEquals((await running.child.status).code, 125);
    const complaint = await running.complaint;
    assert(
      complaint.startsWith("The sandbox cannot go on: cannot write the results: "),
      complaint,
    );
    assert(complaint.includes("No space left on device"), complaint);
  },
);

Deno.test("sandbox refuses a shell where nothing can be typed", async () => {
  for (const shell of [["sh"], ["/bin/bash", "-l"]]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-env",
        "--allow-read",
        SANDBOX,
        "--vendor",
        "intel",
        "--",
        ...shell,
      ],
    }).output();
    assertEquals(code, 2);
    assert(new TextDecoder().decode(stderr).startsWith("Bochs has no keyboard for the shell"));
  }
});
