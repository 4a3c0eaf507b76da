import { assertEquals } from "@std/assert";
import { kvmTest } from "./support/kvm_testing.ts";

const README = new URL("../README.md", import.meta.url);
/** An emulated processor takes minutes to check types; every other host checks them. */
const NO_CHECK = Deno.env.get("TRAPLINE_SANDBOX") === undefined ? [] : ["--no-check"];
const IMPORT_MAP = new URL("./support/offline_import_map.json", import.meta.url).pathname;

/** The first test of one's own, as the README gives it. */
function firstTest(): string {
  const block = /```ts ignore\n([\s\S]*?)```/.exec(Deno.readTextFileSync(README));
  if (block === null) throw new Error("Cannot find the README's first test");
  return block[1]!;
}

kvmTest("the README's first test passes as it stands, with the permissions that it names", () => {
  const folder = Deno.makeTempDirSync({ prefix: "trapline-readme-" });
  try {
    Deno.writeTextFileSync(`${folder}/my_test.ts`, firstTest());
    const { stdout } = new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--no-config",
        "--no-lock",
        ...NO_CHECK,
        `--import-map=${IMPORT_MAP}`,
        "--allow-ffi",
        "--allow-read",
        `${folder}/my_test.ts`,
      ],
      env: { NO_COLOR: "1" },
    }).outputSync();
    const summary = /^(ok|FAILED) \| .*$/m.exec(new TextDecoder().decode(stdout))?.[0] ?? "no run";
    assertEquals(summary.replace(/ \(.*/, ""), "ok | 1 passed | 0 failed");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
