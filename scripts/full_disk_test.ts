/**
 * A full disk under every output file: the old one survives whole, and the
 * complaint says what to do. bench, which takes minutes, writes in the same way.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { asked } from "../tests/support/asked.ts";
import { mounts, WITH_OWN_MOUNTS } from "../tests/support/mounts.ts";
import { obstacle } from "../tests/support/requirements.ts";
import { testUnless } from "../tests/support/test_unless.ts";

const ROOT = new URL("../", import.meta.url).pathname;

// A disk of its own at $0 with three old files and no room; the rest is the command, which is run
// from the repository. What is left there follows its complaint.
const ON_FULL_DISK = `
  mount -t tmpfs -o size=256k tmpfs "$0" || exit 99
  for name in a.json b.xml c.md; do echo "old $name" > "$0/$name"; done
  cat /dev/zero > "$0/filler" 2>/dev/null
  "$@"
  status=$?
  echo "left: $(cd "$0" && echo *)" >&2
  cat "$0/a.json" "$0/b.xml" "$0/c.md" >&2
  exit $status`;

const SURVIVORS = "left: a.json b.xml c.md filler\nold a.json\nold b.xml\nold c.md\n";

const HINDRANCE = mounts() ?? obstacle([]);

function testWriter(
  name: string,
  file: string,
  args: readonly string[],
  isSlow: boolean = true,
): void {
  const reason = HINDRANCE ?? (isSlow ? asked() : undefined);
  testUnless(
    reason,
    `${name} leaves the old file whole when the disk is full`,
    async () => {
      const folder = await Deno.makeTempDir({ prefix: "trapline-full-" });
      const [script = "", ...rest] = args.map((arg) => arg.replace("DISK", folder));
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
        assertEquals(survivors, SURVIVORS);
        assertEquals(
          complaint.trim().split("\n").at(-1),
          `Cannot write "${folder}/${file}": its disk is full; make room there, or name a file ` +
            "on another disk. What was there before is as it was",
        );
        assertEquals(code, 1);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}

const ONE_CLAUSE = ["--filter", "F-05"];
const ONE_MSR = ["--ranges", "0x174"];
const ONE_SANDBOX = ["--no-host", "--vendor", "amd", "--kernel", "6.12", ...ONE_CLAUSE];

const IN_JSON = ["--json", "DISK/a.json"];
testWriter("verify --json", "a.json", ["verify.ts", ...ONE_CLAUSE, ...IN_JSON], false);
testWriter("verify --junit", "b.xml", ["verify.ts", ...ONE_CLAUSE, "--junit", "DISK/b.xml"]);
testWriter("sweep --json", "a.json", ["sweep.ts", ...ONE_MSR, ...IN_JSON]);
testWriter("sweep --html", "b.xml", ["sweep.ts", ...ONE_MSR, "--html", "DISK/b.xml"]);
testWriter("fuzz --json", "a.json", ["fuzz.ts", "--filters", "1", ...IN_JSON]);
testWriter("race --json", "a.json", ["race.ts", "--seconds", "0.1", ...IN_JSON]);
testWriter("matrix --json", "a.json", ["matrix.ts", ...ONE_SANDBOX, ...IN_JSON]);
testWriter("clauses --output", "c.md", ["clauses.ts", "--output", "DISK/c.md"]);

testUnless(
  HINDRANCE,
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
