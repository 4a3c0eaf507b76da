import { assertEquals } from "@std/assert";
import { parseSimulation } from "./apt.ts";

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
