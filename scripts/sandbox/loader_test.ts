import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { throughLoader } from "./loader.ts";

const COMMAND = {
  program: "/root/usr/bin/b",
  args: ["-q"],
  env: { LD_LIBRARY_PATH: "/l", A: "1" },
};

Deno.test("throughLoader() starts a program by the loader that was unpacked with it", async () => {
  const root = await Deno.makeTempDir();
  const tools = { root, program: (name: string) => name, env: {} };
  try {
    assertEquals(await throughLoader(COMMAND, tools), COMMAND);
    const loader = join(root, "usr/lib64/ld-linux-x86-64.so.2");
    await Deno.mkdir(join(root, "usr/lib64"), { recursive: true });
    await Deno.writeTextFile(loader, "");
    assertEquals(await throughLoader(COMMAND, tools), {
      program: loader,
      args: ["--library-path", "/l", "/root/usr/bin/b", "-q"],
      env: { A: "1" },
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("throughLoader() leaves installed programs alone", async () => {
  assertEquals(
    await throughLoader(COMMAND, { root: "/", program: (name) => name, env: {} }),
    COMMAND,
  );
});
