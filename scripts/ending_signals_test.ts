/**
 * Ctrl-C and SIGTERM at moments chosen at random: what is started ends with
 * the status that a shell gives, and leaves neither a process nor a file.
 */
import { assertEquals } from "@std/assert";
import { asked } from "../tests/support/asked.ts";
import { obstacle } from "../tests/support/requirements.ts";
import { endAtMoments } from "./ending_moments.ts";
import { testUnless } from "../tests/support/test_unless.ts";

const PERMISSIONS = ["--allow-ffi", "--allow-run", "--allow-read", "--allow-write", "--allow-env"];
const MOMENTS = asked() === undefined ? 20 : 2;

const withoutKvm = obstacle([]);

const namesIn = (folder: string): string[] => [...Deno.readDirSync(folder)].map(({ name }) => name);

/** Whether the results in `path` have a clause that was decided. */
function hasClause(path: string): boolean {
  try {
    return JSON.parse(Deno.readTextFileSync(path)).runs[0].clauses.length > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function testTask(
  name: string,
  args: (folder: string) => readonly string[],
  isAtWork?: (folder: string) => boolean,
): void {
  testUnless(
    withoutKvm,
    `${name} ends at Ctrl-C and SIGTERM, and leaves nothing`,
    () =>
      endAtMoments(
        MOMENTS,
        4000,
        ["out.json"],
        (folder) => [
          ...["run", "--quiet", "--no-check", ...PERMISSIONS],
          ...["scripts/with_kvm.ts", name, ...args(folder)],
        ],
        isAtWork,
      ),
  );
}

testTask(
  "verify",
  (folder) => ["--json", `${folder}/out.json`],
  (folder) => hasClause(`${folder}/out.json`),
);
// Their temporary folder is made when they are started.
const isStarted = (folder: string): boolean => namesIn(`${folder}/tmp`).length > 0;
testTask(
  "fuzz",
  (folder) => ["--filters", "1000000", "--json", `${folder}/out.json`],
  isStarted,
);
testTask(
  "race",
  (folder) => ["--seconds", "1000000", "--json", `${folder}/out.json`],
  isStarted,
);

testUnless(
  asked() ?? (Deno.env.has("TRAPLINE_SANDBOX") ? "a sandbox has no GNU tar" : undefined),
  "compile ends at Ctrl-C and SIGTERM, and leaves nothing",
  () =>
    endAtMoments(
      8,
      4000,
      ["out"],
      (folder) => [
        ...["run", "--quiet", "--no-check", ...PERMISSIONS],
        ...["scripts/compile.ts", "--output", `${folder}/out`],
      ],
      isStarted,
    ),
);

Deno.test("writeWhole() leaves a whole file alone when a signal comes while it writes", async () => {
  const module = new URL("write_file.ts", import.meta.url).href;
  const text = 'JSON.stringify("x".repeat(8 << 20))';
  await endAtMoments(
    MOMENTS,
    1500,
    ["out.json"],
    (folder) => [
      ...["eval", "--quiet", "--no-check"],
      `import { writeWhole } from "${module}";` +
      `const text = ${text}; while (true) await writeWhole("${folder}/out.json", text);`,
    ],
    (folder) => namesIn(folder).includes("out.json"),
  );
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
