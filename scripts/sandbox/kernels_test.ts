import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../misuse.ts";
import { compareReleases, GENERATION_NAMES, newestRelease, requireKernel } from "./kernels.ts";

Deno.test("compareReleases() compares numbers as numbers", () => {
  assert(compareReleases("6.12.9", "6.12.107+deb13") < 0);
  assert(compareReleases("5.10.0-32", "5.10.0-9") > 0);
  assertEquals(compareReleases("6.1.0-50", "6.1.0-50"), 0);
});

Deno.test("newestRelease() takes the newest of the generation and no other flavour", () => {
  const pattern = "linux-image-*-cloud-amd64-unsigned";
  const names = [
    "linux-image-6.1.0-9-cloud-amd64-unsigned",
    "linux-image-6.1.0-50-cloud-amd64-unsigned",
    "linux-image-6.12.107+deb13-cloud-amd64-unsigned",
    "linux-image-6.1.0-51-rt-amd64-unsigned",
    "linux-image-6.1.0-52-cloud-amd64-dbg",
  ];
  assertEquals(newestRelease(names, pattern, "6.1"), "6.1.0-50");
  assertEquals(newestRelease(names, pattern, "6.12"), "6.12.107+deb13");
  assertEquals(newestRelease(names, pattern, "5.10"), undefined);
});

Deno.test("requireKernel() says of a file that is no kernel what it is, and what to name", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const files = { empty: new Uint8Array(), text: new TextEncoder().encode("text ".repeat(1000)) };
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.writeFile(`${folder}/${name}`, bytes);
      assertThrows(
        () => requireKernel(`${folder}/${name}`),
        MisuseError,
        `Cannot boot the kernel "${folder}/${name}": it is not a bzImage; name a generation, or`,
      );
    }
    assertThrows(() => requireKernel(folder), MisuseError, "it is a directory; name");
    assertThrows(() => requireKernel("/dev/null"), MisuseError, "it is not a bzImage; name");
    assertThrows(
      () => requireKernel("6.99"),
      MisuseError,
      "of 5.10, 6.1, 6.12, 7 nor a file; name",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("GENERATION_NAMES are in the order of their releases", () => {
  assertEquals(GENERATION_NAMES, ["5.10", "6.1", "6.12", "7"]);
});
