/**
 * Folders from which programs are executed: nobody but this user and root may
 * put another program there.
 *
 * @module
 */

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Whom a user namespace shows in place of the system's root. */
const UNMAPPED = 65534;

function folderFault(path: string, user: number, isAbove: boolean): string | undefined {
  const { uid, gid, mode } = Deno.statSync(path);
  const isRoots = uid === 0 || (isAbove && uid === UNMAPPED);
  if (!isRoots && uid !== user) return `"${path}" is another user's`;
  // Who may write to a sticky folder may not rename or remove what others have in it.
  if (isAbove && (mode! & STICKY) !== 0) return undefined;
  if ((mode! & OTHERS_WRITE) !== 0) return `others may write to "${path}"`;
  // Many systems give each user a group of the same number, in which nobody else is.
  return (mode! & GROUP_WRITES) !== 0 && gid !== user
    ? `a group may write to "${path}"`
    : undefined;
}

/**
 * Who else may put something into `folder`, or another folder in its place:
 * what is wrong with it or with a folder above it.
 *
 * @param user This process's user id.
 */
export function intruderOf(folder: string, user: number): string | undefined {
  const path = Deno.realPathSync(folder);
  const parts = path.split("/").slice(1, -1);
  const above = ["/", ...parts.map((_, i) => `/${parts.slice(0, i + 1).join("/")}`)];
  return folderFault(path, user, false) ??
    above.map((each) => folderFault(each, user, true)).find((fault) => fault !== undefined);
}

/**
 * Makes a temporary folder that is this user's alone, for a program that will
 * be executed.
 *
 * @throws {Error} When others could put another one in its place.
 */
export function makePrivateFolder(prefix: string): string {
  const folder = Deno.makeTempDirSync({ prefix });
  // Made by this process: its owner is this process's user, which Deno tells nobody unasked.
  const fault = intruderOf(folder, Deno.statSync(folder).uid!);
  if (fault === undefined) return folder;
  Deno.removeSync(folder);
  throw new Error(`Cannot execute a program in "${folder}": ${fault}; set TMPDIR`);
}
