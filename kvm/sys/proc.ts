/**
 * Reading `/proc` and `/sys` through libc: Deno itself hands these files only
 * to a process that holds every permission.
 *
 * @module
 */
import { POSIX } from "../abi/posix.ts";
import { closeFd, openFd } from "./fd.ts";
import { cString, errno, libc } from "./libc.ts";
import { SystemError } from "./system_error.ts";

function withFd<T>(path: string, flags: number, use: (fd: number) => T): T {
  const fd = openFd(path, flags | POSIX.O_CLOEXEC);
  if (fd < 0) throw new SystemError("open", -fd, `"${path}"`);
  try {
    return use(fd);
  } finally {
    closeFd(fd);
  }
}

/**
 * The text of a file whose size is not known in advance.
 *
 * @throws {SystemError} When the file cannot be opened or read.
 */
export function readTextFile(path: string): string {
  return withFd(path, POSIX.O_RDONLY, (fd) => {
    const decoder = new TextDecoder();
    const chunk = new Uint8Array(64 * 1024);
    let text = "";
    while (true) {
      const count = Number(libc().read(fd, chunk, BigInt(chunk.length)));
      if (count === -1) throw new SystemError("read", errno(), `"${path}"`);
      if (count === 0) return text + decoder.decode();
      text += decoder.decode(chunk.subarray(0, count), { stream: true });
    }
  });
}

/**
 * The names in a directory, without `.` and `..`.
 *
 * @throws {SystemError} When the directory cannot be opened or read.
 */
export function readDirectory(path: string): string[] {
  return withFd(path, POSIX.O_RDONLY | POSIX.O_DIRECTORY, (fd) => {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(32 * 1024);
    const view = new DataView(buffer.buffer);
    const names: string[] = [];
    while (true) {
      const count = Number(libc().getdents64(fd, buffer, BigInt(buffer.length)));
      if (count === -1) throw new SystemError("getdents64", errno(), `"${path}"`);
      if (count === 0) return names;
      // struct linux_dirent64: u64 ino, s64 off, u16 reclen @16, u8 type @18, name @19.
      for (let at = 0; at < count; at += view.getUint16(at + 16, true)) {
        const end = buffer.indexOf(0, at + 19);
        const name = decoder.decode(buffer.subarray(at + 19, end));
        if (name !== "." && name !== "..") names.push(name);
      }
    }
  });
}

/** What a symbolic link points to, or `undefined` when it cannot be read. */
export function readLink(path: string): string | undefined {
  const buffer = new Uint8Array(4096);
  const count = Number(libc().readlink(cString(path), buffer, BigInt(buffer.length)));
  return count === -1 ? undefined : new TextDecoder().decode(buffer.subarray(0, count));
}

/** Whether `path` exists. */
export function pathExists(path: string): boolean {
  return libc().access(cString(path), 0) === 0;
}

/** Whether this process may read and write `path`. */
export function pathIsReadWrite(path: string): boolean {
  return libc().access(cString(path), 6) === 0;
}
