import { relative } from "node:path";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MisuseError } from "./misuse.ts";
import { choosePlace, resultFiles, takeConfig } from "./with_kvm.ts";

Deno.test("choosePlace() takes the host's KVM where it is usable, else the AMD sandbox", () => {
  assertEquals(choosePlace(undefined, undefined).place, "host");
  const { place, line } = choosePlace(undefined, "no such device");
  assertEquals(place, "amd");
  assertStringIncludes(line, "no such device");
});

Deno.test("choosePlace() does what TRAPLINE_KVM says, whatever the host has", () => {
  for (const place of ["host", "amd", "intel", "none"] as const) {
    assertEquals(choosePlace(place, undefined).place, place);
    assertEquals(choosePlace(place, "no such device").place, place);
  }
  assertThrows(() => choosePlace("arm", undefined), MisuseError, "host, amd, intel, none");
});

Deno.test("resultFiles() finds the files that a sandbox must bring back", () => {
  assertEquals(resultFiles(["--filter", "F-*", "--json", "a.json", "--junit=b.xml"]), [
    "a.json",
    "b.xml",
  ]);
  assertEquals(resultFiles(["--html", "a.html"]), ["a.html"]);
  assertEquals(resultFiles(["--json"]), []);
  assertEquals(resultFiles(["--ktap", "-", "--json", "a.json"]), ["a.json"]);
});

Deno.test("resultFiles() leaves devices to the sandbox, and has links followed", async () => {
  assertEquals(resultFiles(["--json", "/dev/null", "--ktap", "/dev/stdout"]), []);
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "trapline-results-" }));
  try {
    await Deno.symlink("there.json", `${folder}/link`);
    const target = relative(Deno.cwd(), `${folder}/there.json`);
    assertEquals(resultFiles(["--json", `${folder}/link`]), [target]);
    await Deno.writeTextFile(`${folder}/there.json`, "");
    assertEquals(resultFiles(["--json", `${folder}/link`]), [target]);
    await new Deno.Command("mkfifo", { args: [`${folder}/fifo`] }).output();
    assertThrows(() => resultFiles(["--json", `${folder}/fifo`]), MisuseError, "it is no file");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("resultFiles() leaves out where a task leaves files when --save names a place", () => {
  assertEquals(resultFiles(["--seed", "1"], ["build/fuzz"]), ["build/fuzz"]);
  assertEquals(resultFiles(["--save", "found"], ["build/fuzz"]), ["found"]);
  assertEquals(resultFiles(["--save=found"], ["build/fuzz"]), ["found"]);
});

Deno.test("takeConfig() takes the place and the kernel out of the arguments", () => {
  assertEquals(takeConfig(["--seed", "1"]), { config: undefined, rest: ["--seed", "1"] });
  assertEquals(takeConfig(["--config", "amd", "--seed", "1"]), {
    config: { place: "amd" },
    rest: ["--seed", "1"],
  });
  assertEquals(takeConfig(["--config=intel:/a:b/bzImage"]).config, {
    place: "intel",
    kernel: "/a:b/bzImage",
  });
  assertThrows(() => takeConfig(["--config"]), MisuseError, "amd:6.12");
});
