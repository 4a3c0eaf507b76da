import { assert, assertEquals } from "@std/assert";
import { compareReleases, newestRelease } from "./kernels.ts";

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
