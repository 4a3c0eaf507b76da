import { assertEquals } from "@std/assert";
import { mirrorOf, ownLines, parseArchives, parseRelease } from "./apt_sources.ts";

const TARGETS = `https://mirror.test/debian/|bookworm|main
https://mirror.test/debian/|bookworm|main
https://mirror.test/debian/|bookworm-updates|main
https://security.test/|bookworm-security|main
https://other.test/|stable|main
`;

Deno.test("ownLines() takes the release's own suites, each once, and no other archive", () => {
  assertEquals(ownLines(parseArchives(TARGETS), "bookworm"), [
    "deb https://mirror.test/debian/ bookworm main",
    "deb https://mirror.test/debian/ bookworm-updates main",
    "deb https://security.test/ bookworm-security main",
  ]);
});

Deno.test("mirrorOf() gives the archive of the release itself", () => {
  assertEquals(mirrorOf(parseArchives(TARGETS), "bookworm"), "https://mirror.test/debian/");
  assertEquals(mirrorOf(parseArchives(TARGETS), "trixie"), undefined);
});

Deno.test("parseRelease() reads values with and without quotes, and misses none that is absent", () => {
  const text = 'PRETTY_NAME="Debian GNU/Linux 12"\nVERSION_CODENAME=bookworm\nID=debian\n';
  assertEquals(parseRelease(text), { id: "debian", codename: "bookworm" });
  assertEquals(parseRelease('ID="ubuntu"\n'), { id: "ubuntu", codename: "" });
});
