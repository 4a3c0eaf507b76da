/**
 * Whether descriptors are left, asked before something that cannot say so.
 *
 * @module
 */
import { POSIX } from "../abi/posix.ts";
import { closeFd, openFd } from "./fd.ts";
import { SystemError } from "./system_error.ts";

/**
 * Opens and closes `count` descriptors.
 *
 * @throws {SystemError} When there are not that many left.
 */
export function requireDescriptors(count: number): void {
  const opened: number[] = [];
  try {
    while (opened.length < count) {
      const fd = openFd("/dev/null", POSIX.O_RDONLY | POSIX.O_CLOEXEC);
      if (fd < 0) throw new SystemError("open", -fd, `${count} more descriptors are needed`);
      opened.push(fd);
    }
  } finally {
    for (const fd of opened) closeFd(fd);
  }
}
