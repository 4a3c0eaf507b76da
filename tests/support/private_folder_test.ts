import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { intruderOf, makePrivateFolder } from "./private_folder.ts";

interface Folders {
  readonly above: string;
  readonly folder: string;
  readonly user: number;
}

function withFolders(body: (folders: Folders) => void): void {
  const top = Deno.makeTempDirSync({ prefix: "trapline-private-" });
  try {
    const above = `${top}/above`;
    const folder = `${above}/folder`;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    body({ above, folder, user: Deno.statSync(top).uid! });
  } finally {
    Deno.removeSync(top, { recursive: true });
  }
}

Deno.test("intruderOf() finds nobody where only this user may write, and a sticky folder above", () => {
  withFolders(({ above, folder, user }) => {
    assertEquals(intruderOf(folder, user), undefined);
    Deno.chmodSync(folder, 0o755);
    Deno.chmodSync(above, 0o1777);
    assertEquals(intruderOf(folder, user), undefined);
  });
});

Deno.test("intruderOf() names the folder that others may write to, the folder itself or one above", () => {
  withFolders(({ above, folder, user }) => {
    Deno.chmodSync(folder, 0o1777);
    assertEquals(intruderOf(folder, user), `others may write to "${folder}"`);
    Deno.chmodSync(folder, 0o700);
    Deno.chmodSync(above, 0o777);
    assertEquals(intruderOf(folder, user), `others may write to "${above}"`);
  });
});

Deno.test("intruderOf() looks where a link leads to", () => {
  withFolders(({ above, folder, user }) => {
    Deno.symlinkSync(folder, `${above}/link`);
    Deno.chmodSync(folder, 0o777);
    assertEquals(intruderOf(`${above}/link`, user), `others may write to "${folder}"`);
  });
});

Deno.test("intruderOf() lets a group write only when its number is the user's", () => {
  withFolders(({ folder, user }) => {
    Deno.chmodSync(folder, 0o770);
    const group = Deno.statSync(folder).gid;
    const wanted = group === user ? undefined : `a group may write to "${folder}"`;
    assertEquals(intruderOf(folder, user), wanted);
  });
});

Deno.test("intruderOf() names a folder of another user", () => {
  withFolders(({ folder, user }) => {
    // Seen by a third user, who is not root: the folder is neither his nor root's.
    const stranger = user + 1;
    const fault = intruderOf(folder, stranger);
    assertEquals(fault, user === 0 ? undefined : `"${folder}" is another user's`);
  });
});

Deno.test("makePrivateFolder() makes none where others could replace it", () => {
  withFolders(({ above }) => {
    const before = Deno.env.get("TMPDIR");
    Deno.env.set("TMPDIR", above);
    try {
      const folder = makePrivateFolder("a-");
      assertEquals(Deno.statSync(folder).mode! & 0o777, 0o700);
      Deno.chmodSync(above, 0o777);
      const error = assertThrows(() => makePrivateFolder("b-"), Error);
      assertStringIncludes(error.message, `others may write to "${above}"; set TMPDIR`);
      assertEquals([...Deno.readDirSync(above)].filter(({ name }) => name.startsWith("b-")), []);
    } finally {
      if (before === undefined) Deno.env.delete("TMPDIR");
      else Deno.env.set("TMPDIR", before);
    }
  });
});
