import { assertEquals } from "@std/assert";
import { cpioChunks, type Entry } from "./cpio.ts";

interface Member {
  readonly name: string;
  readonly mode: string;
  readonly data: string;
}

function archiveOf(entries: readonly Entry[]): Uint8Array {
  const bytes: number[] = [];
  for (const chunk of cpioChunks(entries)) bytes.push(...chunk);
  return new Uint8Array(bytes);
}

/** Reads an archive the way the format's description has it. */
function readArchive(bytes: Uint8Array): Member[] {
  const text = new TextDecoder("latin1").decode(bytes);
  const members: Member[] = [];
  const padded = (offset: number): number => (offset + 3) & ~3;
  for (let offset = 0; offset < bytes.length;) {
    assertEquals(text.slice(offset, offset + 6), "070701");
    const field = (index: number): number =>
      parseInt(text.slice(offset + 6 + 8 * index, offset + 14 + 8 * index), 16);
    const [mode, dataLength, nameLength] = [field(1), field(6), field(11)];
    const data = padded(offset + 110 + nameLength);
    const name = text.slice(offset + 110, offset + 110 + nameLength - 1);
    members.push({ name, mode: mode.toString(8), data: text.slice(data, data + dataLength) });
    offset = padded(data + dataLength);
  }
  return members;
}

Deno.test("cpioChunks() writes files, folders, links and devices, and ends with the trailer", () => {
  const archive = archiveOf([
    { kind: "directory", path: "proc" },
    { kind: "file", path: "init", mode: 0o755, data: new TextEncoder().encode("#!sh\n") },
    { kind: "link", path: "sh", target: "busybox" },
    { kind: "device", path: "console", major: 5, minor: 1 },
  ]);
  assertEquals(readArchive(archive), [
    { name: "proc", mode: "40755", data: "" },
    { name: "init", mode: "100755", data: "#!sh\n" },
    { name: "sh", mode: "120777", data: "busybox" },
    { name: "console", mode: "20600", data: "" },
    { name: "TRAILER!!!", mode: "0", data: "" },
  ]);
});

Deno.test("cpioChunks() adds the folders above an entry once, before it", () => {
  const file = (path: string): Entry => ({
    kind: "file",
    path,
    mode: 0o644,
    data: new Uint8Array(),
  });
  const names = readArchive(archiveOf([file("a/b/c"), file("a/b/d"), file("a/e")]))
    .map(({ name }) => name);
  assertEquals(names, ["a", "a/b", "a/b/c", "a/b/d", "a/e", "TRAILER!!!"]);
});

Deno.test("cpioChunks() pads every name and every file to 4 bytes", () => {
  for (let length = 0; length < 8; length++) {
    const data = new Uint8Array(length).fill(0x41);
    const archive = archiveOf([{ kind: "file", path: "x".repeat(length + 1), mode: 0o644, data }]);
    assertEquals(archive.length % 4, 0);
    assertEquals(readArchive(archive)[0]?.data, "A".repeat(length));
  }
});
