/**
 * The legacy format of LZ4, in which a kernel's payload may be compressed:
 * a magic number, then blocks of up to 8 MiB, each after its own size.
 * Nothing on a plain machine unpacks it, and it takes one page of code.
 *
 * @module
 */

/** The first four bytes of the legacy format, as a little-endian number. */
export const LZ4_LEGACY_MAGIC = 0x184c_2102;

const SHORTEST_MATCH = 4;
const LONG_LENGTH = 15;

/** One block: literals and copies of what came before, into `output` from `start` on. */
function decodeBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let from = 0;
  let to = start;
  const next = (): number => {
    const byte = block[from++];
    if (byte === undefined) throw new SyntaxError("Cannot unpack LZ4: A block ends too early");
    return byte;
  };
  const length = (nibble: number): number => {
    if (nibble < LONG_LENGTH) return nibble;
    let total = nibble;
    let byte: number;
    do total += byte = next(); while (byte === 255);
    return total;
  };
  while (from < block.length) {
    const token = next();
    const literals = length(token >> 4);
    if (from + literals > block.length || to + literals > output.length) {
      throw new SyntaxError("Cannot unpack LZ4: Literals lie outside of their block");
    }
    output.set(block.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === block.length) break; // The last sequence is literals alone.
    const distance = next() | (next() << 8);
    const match = length(token & 15) + SHORTEST_MATCH;
    if (distance === 0 || distance > to || to + match > output.length) {
      throw new SyntaxError("Cannot unpack LZ4: A match lies outside of the output");
    }
    if (distance >= match) {
      output.copyWithin(to, to - distance, to - distance + match);
      to += match;
    } else {
      // The copy overlaps itself and repeats what it has just written.
      for (const end = to + match; to < end; to++) output[to] = output[to - distance] ?? 0;
    }
  }
  return to;
}

/**
 * Unpacks LZ4's legacy format.
 *
 * @param size bytes that come out.
 * @throws {SyntaxError} If the bytes are not of this format, or not of that size.
 */
export function unpackLz4(packed: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (packed.length < 4 || view.getUint32(0, true) !== LZ4_LEGACY_MAGIC) {
    throw new SyntaxError("Cannot unpack LZ4: The magic number is missing");
  }
  const output = new Uint8Array(size);
  let to = 0;
  for (let from = 4; to < size;) {
    const length = from + 4 <= packed.length ? view.getUint32(from, true) : 0;
    from += 4;
    if (length === 0 || from + length > packed.length) {
      throw new SyntaxError(`Cannot unpack LZ4: Wanted "${size}" bytes, got "${to}"`);
    }
    to = decodeBlock(packed.subarray(from, from + length), output, to);
    from += length;
  }
  return output;
}
