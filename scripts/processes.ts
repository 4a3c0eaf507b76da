/**
 * Looking for processes that a test's own left behind.
 *
 * @module
 */
import { readDirectory, readTextFile } from "../kvm/sys/proc.ts";
import { SystemError } from "../mod.ts";

function processesWhere(isMeant: (folder: string) => boolean): string[] {
  return readDirectory("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return isMeant(`/proc/${name}`);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return false; // It has ended meanwhile.
    }
  });
}

/** The processes whose arguments name `folder`, by number. */
export function processesOf(folder: string): string[] {
  return processesWhere((process) => readTextFile(`${process}/cmdline`).includes(folder));
}

/** The processes of a group, by number. */
export function processesInGroup(group: number): string[] {
  return processesWhere((process) => {
    // pid (name) state ppid pgrp: the name may hold anything.
    const fields = readTextFile(`${process}/stat`).split(") ").at(-1)!.split(" ");
    return Number(fields[2]) === group;
  });
}
