import { assertEquals, assertRejects } from "@std/assert";
import { WriteError } from "./write_error.ts";
import { writeEach, writeWhole } from "./write_file.ts";

/** Runs `test` in a folder of its own, and gives what is there afterwards, by name. */
async function inFolder(test: (folder: string) => Promise<void>): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "trapline-write-" });
  try {
    await test(folder);
    return [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const modeOf = (path: string): number => Deno.statSync(path).mode! & 0o777;

Deno.test("writeWhole() replaces a file, and keeps its mode", async () => {
  const left = await inFolder(async (folder) => {
    const path = `${folder}/out`;
    await writeWhole(path, "first");
    for (const mode of [0o600, 0o666, 0o755, 0o444]) {
      await Deno.chmod(path, mode);
      const { ino } = await Deno.stat(path);
      await writeWhole(path, `of ${mode}`);
      assertEquals(await Deno.readTextFile(path), `of ${mode}`);
      assertEquals(modeOf(path), mode);
      // Not written into: who has the old one open reads it to its end.
      assertEquals((await Deno.stat(path)).ino === ino, false);
    }
  });
  assertEquals(left, ["out"]);
});

Deno.test("writeWhole() gives a new file what the umask leaves, and a program its own mode", async () => {
  await inFolder(async (folder) => {
    await writeWhole(`${folder}/new`, "");
    await writeWhole(`${folder}/new-program`, new Blob(["#!"]), 0o755);
    await Deno.writeTextFile(`${folder}/program`, "", { mode: 0o600 });
    await writeWhole(`${folder}/program`, new Blob(["#!"]), 0o755);
    // What Deno makes by itself has what the umask leaves.
    await Deno.writeTextFile(`${folder}/a`, "");
    await Deno.writeTextFile(`${folder}/b`, "", { mode: 0o755 });
    const modes = ["new", "new-program", "program", "a", "b"]
      .map((name) => modeOf(`${folder}/${name}`));
    assertEquals(modes.slice(0, 3), [modes[3], modes[4], modes[4]]);
  });
});

Deno.test("writeWhole() writes where a link leads, and the link stays", async () => {
  const left = await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/there`);
    await Deno.symlink("there/out", `${folder}/link`);
    for (const text of ["first", "second"]) {
      await writeWhole(`${folder}/link`, text);
      assertEquals(await Deno.readLink(`${folder}/link`), "there/out");
      assertEquals(await Deno.readTextFile(`${folder}/there/out`), text);
    }
    assertEquals([...Deno.readDirSync(`${folder}/there`)].map(({ name }) => name), ["out"]);
  });
  assertEquals(left, ["link", "there"]);
});

Deno.test("writeWhole() writes to a FIFO, which stays one", async () => {
  const left = await inFolder(async (folder) => {
    const path = `${folder}/fifo`;
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const signal = AbortSignal.timeout(20_000);
    const reader = new Deno.Command("cat", { args: [path], signal }).output();
    // More than a pipe holds.
    const text = "x".repeat(100_000);
    await writeWhole(path, text);
    assertEquals(new TextDecoder().decode((await reader).stdout), text);
    assertEquals(Deno.statSync(path).isFifo, true);
  });
  assertEquals(left, ["fifo"]);
});

/** Runs `statements` with writeWhole() as a task does, without --allow-all; gives what it printed. */
async function runAsTask(writable: string, statements: string): Promise<string> {
  const module = new URL("write_file.ts", import.meta.url).href;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...[
        "run",
        "--quiet",
        "--no-check",
        "--no-prompt",
        "--allow-read",
        `--allow-write=${writable}`,
      ],
      `data:application/typescript,import { writeWhole } from "${module}";${statements}`,
    ],
  }).output();
  return [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
}

Deno.test("writeWhole() writes to a device, also by a link, and makes nothing beside it", async () => {
  const left = await inFolder(async (folder) => {
    await Deno.symlink("/dev/null", `${folder}/link`);
    // Were it to make a file there, it would not be let, and this machine's device is safe.
    const writable = `${folder},/dev/null`;
    const text = `for (const path of ["/dev/null", "${folder}/link"]) await writeWhole(path, "x");`;
    assertEquals(await runAsTask(writable, text), "");
    assertEquals(await Deno.readLink(`${folder}/link`), "/dev/null");
  });
  assertEquals(left, ["link"]);
});

Deno.test("writeWhole() writes to the standard output that /dev/stdout names", async () => {
  assertEquals(await runAsTask("/tmp", 'await writeWhole("/dev/stdout", "text");'), "text");
});

Deno.test("WriteError has no word of what was there before where there is no file", () => {
  const cause = Object.assign(new Error("EPIPE"), { code: "EPIPE" });
  assertEquals(
    new WriteError("/dev/stdout", cause, false).message,
    'Cannot write "/dev/stdout": nobody reads it any more',
  );
});

Deno.test("writeWhole() leaves nothing where it cannot write, and says why", async () => {
  const left = await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/out`);
    const { message } = await assertRejects(() => writeWhole(`${folder}/out`, "x"), WriteError);
    assertEquals(
      message,
      `Cannot write "${folder}/out": there is a folder of that name; name a file. What was there ` +
        "before is as it was",
    );
  });
  assertEquals(left, ["out"]);
});

Deno.test("writeEach() goes on after an output that cannot be written", async () => {
  await inFolder(async (folder) => {
    const to = (path: string) => (): Promise<void> => writeWhole(path, "text");
    assertEquals(await writeEach([to(`${folder}/a`)]), true);
    const said: string[] = [];
    const { error } = console;
    console.error = (text: string) => said.push(text);
    try {
      assertEquals(await writeEach([to(folder), to(`${folder}/b`), to(`${folder}/.`)]), false);
    } finally {
      console.error = error;
    }
    assertEquals(said.map((text) => text.split(":")[0]), [
      `Cannot write "${folder}"`,
      `Cannot write "${folder}/."`,
    ]);
    assertEquals(await Deno.readTextFile(`${folder}/b`), "text");
  });
});
