/**
 * Writes cpio archives in the "newc" format, the one that a Linux kernel
 * unpacks as its initramfs (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * @module
 */

/** Something that an archive holds. */
export type Entry =
  | {
    readonly kind: "file";
    readonly path: string;
    readonly mode: number;
    readonly data: Uint8Array;
  }
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | {
    readonly kind: "device";
    readonly path: string;
    readonly major: number;
    readonly minor: number;
  };

const MODE = { file: 0o100000, directory: 0o040755, link: 0o120777, device: 0o020600 } as const;

const encoder = new TextEncoder();

function padded(bytes: Uint8Array): Uint8Array {
  const length = Math.ceil(bytes.length / 4) * 4;
  if (length === bytes.length) return bytes;
  const result = new Uint8Array(length);
  result.set(bytes);
  return result;
}

interface Member {
  readonly path: string;
  readonly mode: number;
  readonly links: number;
  readonly data: Uint8Array;
  readonly device: readonly [number, number];
}

const NOTHING = new Uint8Array();

function member(entry: Entry): Member {
  const common = { path: entry.path, mode: MODE[entry.kind], links: 1, device: [0, 0] as const };
  switch (entry.kind) {
    case "file":
      return { ...common, mode: MODE.file | entry.mode, data: entry.data };
    case "directory":
      return { ...common, links: 2, data: NOTHING };
    case "link":
      return { ...common, data: encoder.encode(entry.target) };
    case "device":
      return { ...common, data: NOTHING, device: [entry.major, entry.minor] };
  }
}

function header(inode: number, { path, mode, links, data, device }: Member): Uint8Array {
  const name = encoder.encode(`${path}\0`);
  const fields = [
    inode,
    mode,
    0, // user
    0, // group
    links,
    0, // time
    data.length,
    0, // device of the file
    0,
    ...device,
    name.length,
    0, // checksum
  ];
  const text = "070701" + fields.map((field) => field.toString(16).padStart(8, "0")).join("");
  const bytes = new Uint8Array(text.length + name.length);
  bytes.set(encoder.encode(text));
  bytes.set(name, text.length);
  return padded(bytes);
}

/** The folders above the entries that the entries do not name themselves. */
function foldersAbove(entries: readonly Entry[]): Entry[] {
  const known = new Set(entries.map(({ path }) => path));
  const missing: Entry[] = [];
  for (const { path } of entries) {
    const parts = path.split("/");
    for (let length = 1; length < parts.length; length++) {
      const folder = parts.slice(0, length).join("/");
      if (known.has(folder)) continue;
      known.add(folder);
      missing.push({ kind: "directory", path: folder });
    }
  }
  return missing;
}

/**
 * Yields the bytes of an archive of `entries`, piece by piece. Folders that
 * hold an entry and are not entries themselves are added. Paths have no leading
 * slash.
 */
export function* cpioChunks(entries: readonly Entry[]): Generator<Uint8Array> {
  let inode = 0;
  for (const entry of [...foldersAbove(entries), ...entries]) {
    const one = member(entry);
    yield header(++inode, one);
    if (one.data.length > 0) yield padded(one.data);
  }
  yield header(0, { path: "TRAILER!!!", mode: 0, links: 1, data: NOTHING, device: [0, 0] });
}
