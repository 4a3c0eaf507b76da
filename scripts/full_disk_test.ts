/**
 * A full disk under every output file: the old one survives whole, and the
 * complaint says what to do.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { asked } from "../tests/support/asked.ts";
import { findCCompiler } from "../tests/support/c_compiler.ts";
import { mounts, WITH_OWN_MOUNTS } from "../tests/support/mounts.ts";
import { obstacle } from "../tests/support/requirements.ts";
import { testUnless } from "../tests/support/test_unless.ts";
import { exampleRun } from "./results/example_runs.ts";
import { resultsText } from "./results/write.ts";
import { exampleMap } from "./sweep/example_map.ts";
import { mapToJson } from "./sweep/map.ts";

const ROOT = new URL("../", import.meta.url).pathname;

// A disk of its own at $0 with four old files and no room; the rest is the command, which is run
// from the repository. What is left there follows its complaint.
const ON_FULL_DISK = `
  mount -t tmpfs -o size=256k tmpfs "$0" || exit 99
  for name in a.json b.xml c.md d.html; do echo "old $name" > "$0/$name"; done
  cat /dev/zero > "$0/filler" 2>/dev/null
  "$@"
  status=$?
  echo "left: $(cd "$0" && echo *)" >&2
  cat "$0/a.json" "$0/b.xml" "$0/c.md" "$0/d.html" >&2
  exit $status`;

const SURVIVORS =
  "left: a.json b.xml c.md d.html filler\nold a.json\nold b.xml\nold c.md\nold d.html\n";

/** What a writer needs, and what is said of its files. */
interface Options {
  /** Why it cannot run here. */
  readonly whyNot?: string | undefined;
  /** Whether it is run when it is asked for alone. */
  readonly isSlow?: boolean;
}

const complaintOf = (path: string): string =>
  `Cannot write "${path}": its disk is full; make room there, or name a file on another disk. ` +
  "What was there before is as it was";

/**
 * Registers the test of a task that writes to `files` of the full disk; in its
 * arguments DISK is that, and INPUT a folder with results, `r.json`, and a map, `m.json`.
 */
function testWriter(
  name: string,
  files: readonly string[],
  args: readonly string[],
  { whyNot, isSlow = true }: Options = {},
): void {
  const reason = mounts() ?? whyNot ?? (isSlow ? asked() : undefined);
  testUnless(
    reason,
    `${name} leaves the old file whole when the disk is full`,
    async () => {
      const folder = await Deno.makeTempDir({ prefix: "trapline-full-" });
      const input = await Deno.makeTempDir({ prefix: "trapline-full-" });
      await Deno.writeTextFile(`${input}/r.json`, resultsText([exampleRun("host", {})]));
      await Deno.writeTextFile(`${input}/m.json`, mapToJson(exampleMap()));
      const [script = "", ...rest] = args.map((arg) =>
        arg.replace("DISK", folder).replace("INPUT", input)
      );
      const map = `--import-map=${ROOT}tests/support/offline_import_map.json`;
      const deno = [Deno.execPath(), "run", "--quiet", "--no-check", map, "--allow-all"];
      const [program, ...mounts] = WITH_OWN_MOUNTS;
      try {
        const { code, stderr } = await new Deno.Command(program, {
          args: [
            ...mounts,
            "sh",
            "-c",
            ON_FULL_DISK,
            folder,
            ...deno,
            `scripts/${script}`,
            ...rest,
          ],
          cwd: ROOT,
          // A sandbox that cannot be made has its configuration died at once.
          env: { NO_COLOR: "1", TRAPLINE_CACHE: "/dev/null/cache" },
          stdin: "null",
        }).output();
        const [complaint = "", survivors] = new TextDecoder().decode(stderr).split(/(?=left: )/);
        assertEquals(survivors, SURVIVORS, complaint);
        // One for each: the first does not keep the others from being tried.
        assertEquals(
          complaint.trim().split("\n").slice(-files.length),
          files.map((file) => complaintOf(`${folder}/${file}`)),
        );
        assertEquals(code, 1);
      } finally {
        await Deno.remove(folder, { recursive: true });
        await Deno.remove(input, { recursive: true });
      }
    },
  );
}

const ONE_CLAUSE = ["--filter", "F-05"];
const ONE_MSR = ["--ranges", "0x174"];
const MAPS = ["INPUT/m.json", "INPUT/m.json"];
const ONE_SANDBOX = ["--no-host", "--vendor", "amd", "--kernel", "6.12", ...ONE_CLAUSE];

const IN_JSON = ["--json", "DISK/a.json"];
const IN_HTML = ["--html", "DISK/d.html"];

const KVM = { whyNot: obstacle([]) };
const verify = ["verify.ts", ...ONE_CLAUSE];
testWriter("verify --json", ["a.json"], [...verify, ...IN_JSON], { ...KVM, isSlow: false });
testWriter("verify --junit", ["b.xml"], [...verify, "--junit", "DISK/b.xml"], KVM);
testWriter("verify --ktap", ["c.md"], [...verify, "--ktap", "DISK/c.md"], KVM);
testWriter("verify --html", ["d.html"], [...verify, ...IN_HTML], KVM);
testWriter(
  "verify with every output",
  ["a.json", "b.xml", "c.md", "d.html"],
  [...verify, ...IN_JSON, "--junit", "DISK/b.xml", "--ktap", "DISK/c.md", ...IN_HTML],
  KVM,
);
const sweep = ["sweep.ts", ...ONE_MSR];
testWriter("sweep --json", ["a.json"], [...sweep, ...IN_JSON], KVM);
testWriter("sweep --html", ["d.html"], [...sweep, ...IN_HTML], KVM);
testWriter("fuzz --json", ["a.json"], ["fuzz.ts", "--filters", "1", ...IN_JSON], KVM);
testWriter("race --json", ["a.json"], ["race.ts", "--seconds", "0.1", ...IN_JSON], KVM);
testWriter(
  "bench --json",
  ["a.json"],
  ["bench.ts", "--quick", "--only", "VM life cycle", ...IN_JSON],
  { whyNot: KVM.whyNot ?? (await findCCompiler() === undefined ? "no C compiler" : undefined) },
);

const both = [...IN_JSON, ...IN_HTML];
testWriter("sweep diff --html", ["d.html"], ["sweep.ts", "diff", ...MAPS, ...IN_HTML]);
testWriter("sweep merge", ["a.json", "d.html"], ["sweep.ts", "merge", "INPUT/m.json", ...both]);
testWriter("matrix", ["a.json", "d.html"], ["matrix.ts", ...ONE_SANDBOX, ...both]);
testWriter("report", ["d.html"], ["report.ts", "--output", "DISK/d.html", "INPUT/r.json"]);
testWriter("clauses --output", ["c.md"], ["clauses.ts", "--output", "DISK/c.md"], {
  isSlow: false,
});
testWriter("compile", ["c.md"], ["compile.ts", "--output", "DISK/c.md"], {
  whyNot: Deno.env.has("TRAPLINE_SANDBOX") ? "a sandbox has no GNU tar" : undefined,
});

testUnless(
  mounts(),
  `sandbox --result leaves the old file whole when the disk is full`,
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "trapline-full-" });
    const archive = await Deno.makeTempFile({ prefix: "trapline-full-", suffix: ".tar" });
    const module = new URL("sandbox/unpack_results.ts", import.meta.url).href;
    const script = `import { unpackResults } from "${module}";
      await unpackResults("${archive}", "${folder}").catch(({ message }) => console.error(message));`;
    const pack = `cd "$0" && mkdir in && head -c 100000 /dev/zero > in/a.json &&
      tar -C in -cf "${archive}" a.json && rm -r in`;
    const [program, ...mounts] = WITH_OWN_MOUNTS;
    try {
      await new Deno.Command("sh", { args: ["-c", pack, folder] }).output();
      const deno = [Deno.execPath(), "eval", "--quiet", "--no-check", script];
      const { stderr } = await new Deno.Command(program, {
        args: [...mounts, "sh", "-c", ON_FULL_DISK, folder, ...deno],
      }).output();
      const [complaint = "", survivors] = new TextDecoder().decode(stderr).split(/(?=left: )/);
      assertEquals(survivors, SURVIVORS);
      assertMatch(complaint, /^Cannot unpack the results in .*: tar .*No space left on device/s);
    } finally {
      await Deno.remove(folder, { recursive: true });
      await Deno.remove(archive);
    }
  },
);
