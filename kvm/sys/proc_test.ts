import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { closeFd, openFd } from "./fd.ts";
import { pathExists, pathIsReadWrite, readDirectory, readLink, readTextFile } from "./proc.ts";
import { SystemError } from "./system_error.ts";

function openDescriptors(): number {
  return readDirectory("/proc/self/fd").length;
}

Deno.test("readTextFile() reads a file that claims to be empty", () => {
  assertMatch(readTextFile("/proc/self/status"), /^Name:\t/);
});

Deno.test("readTextFile() reads files longer than one chunk whole", () => {
  const text = readTextFile("/proc/self/smaps");
  assert(text.length > 64 * 1024, `${text.length} characters`);
  assertMatch(text.slice(-1), /\n/);
});

Deno.test("readTextFile() names the call, the errno and the path", () => {
  const error = assertThrows(() => readTextFile("/proc/self/no-such-file"), SystemError);
  assertEquals(error.message, 'open failed: ENOENT (2): "/proc/self/no-such-file"');
});

Deno.test("readTextFile() closes the descriptor when the read fails", () => {
  const before = openDescriptors();
  const error = assertThrows(() => readTextFile("/proc/self"), SystemError);
  assertEquals([error.call, error.errnoName], ["read", "EISDIR"]);
  assertEquals(openDescriptors(), before);
});

Deno.test("readDirectory() lists every entry but the dots", () => {
  const names = readDirectory("/proc/self");
  assert(names.includes("status") && names.includes("fd"));
  assert(!names.includes(".") && !names.includes(".."));
});

Deno.test("readDirectory() lists directories longer than one buffer whole", () => {
  const fds: number[] = [];
  while (fds.length < 600) fds.push(openFd("/dev/null", 0));
  try {
    const listed = new Set(readDirectory("/proc/self/fd"));
    assertEquals(fds.filter((fd) => !listed.has(`${fd}`)), []);
    assert(listed.size >= 600);
  } finally {
    fds.forEach(closeFd);
  }
});

Deno.test("readDirectory() refuses what is no directory", () => {
  const error = assertThrows(() => readDirectory("/proc/self/status"), SystemError);
  assertEquals(error.errnoName, "ENOTDIR");
});

Deno.test("readLink() reads where a link leads", () => {
  const fd = openFd("/dev/null", 0);
  assertEquals(readLink(`/proc/self/fd/${fd}`), "/dev/null");
  closeFd(fd);
  assertEquals(readLink(`/proc/self/fd/${fd}`), undefined);
});

Deno.test("pathExists() and pathIsReadWrite() answer for this process", () => {
  assertEquals([pathExists("/dev/null"), pathIsReadWrite("/dev/null")], [true, true]);
  const none = "/proc/self/no-such-file";
  assertEquals([pathExists(none), pathIsReadWrite(none)], [false, false]);
});
