import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { executableOf } from "./executable.ts";
import { testUnless } from "../../tests/support/test_unless.ts";

// In place of Deno: says what it was started with.
const SAYS = '#!/bin/sh\necho "$(umask)" "$TRAPLINE_EXECUTABLE" "$@"\n';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An executable in a folder, and a cache that is not there yet. */
interface Fixture {
  readonly folder: string;
  readonly cache: string;
  start(...args: readonly string[]): Promise<Ended>;
}

async function makeFixture(folder: string): Promise<Fixture> {
  await Deno.mkdir(`${folder}/stage/bin`, { recursive: true });
  await Deno.mkdir(`${folder}/stage/program`);
  await Deno.writeTextFile(`${folder}/stage/bin/deno`, SAYS, { mode: 0o755 });
  const blob = await executableOf(`${folder}/stage`, "1.2.3");
  await Deno.writeFile(`${folder}/trapline`, blob.stream(), { mode: 0o755 });
  const cache = `${folder}/above/cache`;
  return {
    folder,
    cache,
    async start(...args) {
      const { code, stdout, stderr } = await new Deno.Command(`${folder}/trapline`, {
        args: [...args],
        env: { TRAPLINE_CACHE: cache },
      }).output();
      const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
      return { code, stdout: decode(stdout), stderr: decode(stderr) };
    },
  };
}

const INSIDE = Deno.env.has("TRAPLINE_SANDBOX") ? "a sandbox has no GNU tar" : undefined;

function executableTest(name: string, fn: (fixture: Fixture) => Promise<void>): void {
  testUnless(INSIDE, name, async () => {
    const folder = await Deno.makeTempDir({ prefix: "trapline-executable-" });
    try {
      await fn(await makeFixture(folder));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

executableTest("executableOf() unpacks once, and starts what it unpacked", async (fixture) => {
  const { code, stdout, stderr } = await fixture.start("verify", "it's * a $HOME");
  assertEquals([code, stderr], [0, ""]);
  // The results are to have the modes that the user wants, not those of the cache.
  const umask = new Deno.Command("sh", { args: ["-c", "umask"] }).outputSync().stdout;
  assert(
    stdout.startsWith(`${new TextDecoder().decode(umask).trim()} 1.2.3 run --quiet --no-prompt `),
  );
  assert(stdout.endsWith("/program/scripts/trapline.ts verify it's * a $HOME\n"));
  const [home] = [...Deno.readDirSync(fixture.cache)].filter(({ isDirectory }) => isDirectory);
  assertEquals(Deno.statSync(`${fixture.cache}/${home!.name}`).mode! & 0o777, 0o700);
  await Deno.writeTextFile(`${fixture.cache}/${home!.name}/bin/deno`, "#!/bin/sh\necho again\n");
  assertEquals((await fixture.start()).stdout, "again\n");
});

executableTest("executableOf() starts nothing from where others may write", async (fixture) => {
  const { folder, cache, start } = fixture;
  await start();
  for (
    const [path, mode] of [[cache, 0o777], [cache, 0o1777], [`${folder}/above`, 0o777]] as const
  ) {
    await Deno.chmod(path, mode);
    const { code, stdout, stderr } = await start();
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, `others may write to ${path}`);
    await Deno.chmod(path, 0o755);
  }
  // Of a sticky folder above, only the owner may rename what is in it.
  await Deno.chmod(`${folder}/above`, 0o1777);
  assertEquals((await start()).code, 0);
});

executableTest("executableOf() leaves nothing behind when it is cut off", async (fixture) => {
  const bytes = await Deno.readFile(`${fixture.folder}/trapline`);
  await Deno.writeFile(`${fixture.folder}/trapline`, bytes.subarray(0, -40));
  const { code, stdout, stderr } = await fixture.start();
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, `Cannot unpack into ${fixture.cache}`);
  assertEquals([...Deno.readDirSync(fixture.cache)], []);
});
