import { assertEquals } from "@std/assert";
import { librariesAmong, parseSimulation } from "./apt.ts";

Deno.test("parseSimulation() takes what would be installed or upgraded, with its version", () => {
  const text = `Inst libfdt1 (1.6.1-4+b1 Debian:12.15/oldstable [amd64])
Inst seabios [1.16.1-1] (1.16.2-1 Debian:12.15/oldstable [all])
Conf libfdt1 (1.6.1-4+b1 Debian:12.15/oldstable [amd64])
`;
  assertEquals(parseSimulation(text), [
    { name: "libfdt1", version: "1.6.1-4+b1" },
    { name: "seabios", version: "1.16.2-1" },
  ]);
});

Deno.test("librariesAmong() takes libraries and leaves what is for a whole system", () => {
  const records = `Package: libc6
Version: 2.41
Section: libs

Package: systemd
Section: admin

Package: libgtk-3-common
Section: misc
`;
  const packages = ["libc6", "systemd", "libgtk-3-common"].map((name) => ({ name, version: "1" }));
  assertEquals(librariesAmong(packages, records), [{ name: "libc6", version: "1" }]);
});
