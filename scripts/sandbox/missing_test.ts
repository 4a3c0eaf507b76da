import { assertEquals } from "@std/assert";
import { adviceFor } from "./missing.ts";

Deno.test("adviceFor() gives the distribution's own command, and its own names", () => {
  assertEquals(
    adviceFor(["busybox-static"], "sudo dnf install"),
    'run "sudo dnf install busybox"',
  );
  assertEquals(
    adviceFor(["bochs"], undefined),
    "install bochs with this system's package manager",
  );
});
