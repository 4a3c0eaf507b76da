import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "./misuse.ts";
import { placeOf, requireOutputs } from "./output_place.ts";

/** Runs `test` in a folder of its own, by its true name. */
async function inFolder(test: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "trapline-output-" }));
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function refusal(...paths: readonly (string | undefined)[]): string {
  return assertThrows(() => requireOutputs(...paths), MisuseError).message;
}

Deno.test("placeOf() follows links to a file, also to one that is not there yet", async () => {
  await inFolder((folder) => {
    Deno.mkdirSync(`${folder}/a`);
    Deno.writeTextFileSync(`${folder}/a/old`, "", { mode: 0o640 });
    Deno.chmodSync(`${folder}/a/old`, 0o640);
    Deno.symlinkSync("a/old", `${folder}/to-old`);
    Deno.symlinkSync("to-new", `${folder}/twice`);
    Deno.symlinkSync("a/new", `${folder}/to-new`);
    const old = { kind: "file", path: `${folder}/a/old`, mode: 0o640 } as const;
    assertEquals(placeOf(`${folder}/a/old`), old);
    assertEquals(placeOf(`${folder}/to-old`), old);
    for (const name of ["a/new", "to-new", "twice"]) {
      const { kind, path } = placeOf(`${folder}/${name}`) as { kind: string; path: string };
      assertEquals([kind, path], ["file", `${folder}/a/new`]);
    }
  });
});

Deno.test("placeOf() tells devices, and the streams that Deno has by another way", () => {
  assertEquals(placeOf("/dev/null"), { kind: "device", path: "/dev/null" });
  assertEquals(placeOf("/dev/stdout"), { kind: "stream", stream: Deno.stdout });
  assertEquals(placeOf("/dev/stderr"), { kind: "stream", stream: Deno.stderr });
});

Deno.test("requireOutputs() takes what can be written, and what is not named", async () => {
  await inFolder((folder) =>
    requireOutputs(`${folder}/a`, undefined, `${folder}/b`, "/dev/null", "/dev/stdout")
  );
});

Deno.test("requireOutputs() refuses what is no file, or has no folder", async () => {
  await inFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/file`, "");
    Deno.symlinkSync("circle", `${folder}/circle`);
    Deno.symlinkSync("gone/file", `${folder}/to-gone`);
    const start = `Cannot write "${folder}`;
    assertEquals(
      refusal("-"),
      'Cannot write "-": that is no file; name one, /dev/stdout or "./-"',
    );
    assertEquals(refusal(folder), `${start}": there is a folder of that name; name a file`);
    for (const name of ["gone/file", "to-gone"]) {
      const why = `there is no folder "${folder}/gone"`;
      assertEquals(refusal(`${folder}/${name}`), `${start}/${name}": ${why}`);
    }
    assertEquals(
      refusal(`${folder}/file/below`),
      `${start}/file/below": there is no folder "${folder}/file"`,
    );
    assertEquals(
      refusal(`${folder}/circle`),
      `${start}/circle": its links lead in a circle; name a file`,
    );
  });
});

Deno.test("requireOutputs() refuses two names of one file", async () => {
  await inFolder((folder) => {
    const [file, other] = [`${folder}/file`, `${folder}/./file`];
    const text = (a: string, b: string): string =>
      `Cannot write both "${a}" and "${b}": they are one`;
    assertEquals(refusal(file, undefined, file), text(file, file));
    assertEquals(refusal(file, other), text(file, other));
    Deno.symlinkSync("file", `${folder}/link`);
    Deno.symlinkSync(".", `${folder}/here`);
    assertEquals(refusal(file, `${folder}/link`), text(file, `${folder}/link`));
    assertEquals(refusal(file, `${folder}/here/file`), text(file, `${folder}/here/file`));
    assertEquals(refusal("/dev/null", "/dev/null"), text("/dev/null", "/dev/null"));
  });
});
