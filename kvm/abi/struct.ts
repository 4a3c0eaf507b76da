/**
 * C structures as tables of explicit offsets: one declaration gives offset,
 * width, total size and, through the size, the number of an ioctl.
 *
 * @module
 */

/** One member of a C structure: where it lies and how it is read and written. */
export interface Field<V> {
  /** Offset from the start of the structure, in bytes. */
  readonly offset: number;
  /** Width in bytes, arrays and nested structures included. */
  readonly size: number;
  /** Reads the member of the structure that starts at byte `at` of `view`. */
  get(view: DataView, at: number): V;
  /** Writes the member of the structure that starts at byte `at` of `view`. */
  set(view: DataView, at: number, value: V): void;
}

/** A member by C path (`index`, or `msr.index` inside a union arm). */
export type Fields = Readonly<Record<string, Field<never>>>;

/** The plain object that a table of fields reads as. */
export type Values<F> = {
  -readonly [K in keyof F]: F[K] extends Field<infer V> ? V : never;
};

/** A C structure. */
export interface Struct<F> {
  /** The C name without `struct`, `kvm_regs`. */
  readonly name: string;
  /** `sizeof`, in bytes. */
  readonly size: number;
  /** The members, by C path. */
  readonly fields: F;
  /** Reads all members of the structure at byte `at` of `view`. */
  read(view: DataView, at?: number): Values<F>;
  /** Writes the given members and leaves all other bytes as they are. */
  write(view: DataView, value: Partial<Values<F>>, at?: number): void;
  /** Returns `size` new bytes, zero but for the given members. */
  encode(value: Partial<Values<F>>): Uint8Array<ArrayBuffer>;
}

/** Declares the structure `name` of `size` bytes. */
// deno-lint-ignore no-explicit-any -- a field's value type is contravariant in set(), so no narrower bound admits them all
export function struct<F extends Readonly<Record<string, Field<any>>>>(
  name: string,
  size: number,
  fields: F,
): Struct<F> {
  for (const [path, field] of Object.entries(fields)) {
    if (field.offset + field.size > size) {
      throw new RangeError(`Cannot declare "${name}": "${path}" ends past its ${size} bytes`);
    }
  }
  const entries = Object.entries(fields);
  const write = (view: DataView, value: Partial<Values<F>>, at = 0): void => {
    for (const [path, field] of entries) {
      const member = value[path as keyof F];
      if (member !== undefined) field.set(view, at, member);
    }
  };
  return {
    name,
    size,
    fields,
    read(view, at = 0) {
      const value: Record<string, unknown> = {};
      for (const [path, field] of entries) value[path] = field.get(view, at);
      return value as Values<F>;
    },
    write,
    encode(value) {
      const bytes = new Uint8Array(size);
      write(new DataView(bytes.buffer), value);
      return bytes;
    },
  };
}

/** An unsigned 8-bit member. */
export function u8(offset: number): Field<number> {
  return {
    offset,
    size: 1,
    get: (view, at) => view.getUint8(at + offset),
    set: (view, at, value) => view.setUint8(at + offset, value),
  };
}

/** An unsigned 16-bit member. */
export function u16(offset: number): Field<number> {
  return {
    offset,
    size: 2,
    get: (view, at) => view.getUint16(at + offset, true),
    set: (view, at, value) => view.setUint16(at + offset, value, true),
  };
}

/** An unsigned 32-bit member. */
export function u32(offset: number): Field<number> {
  return {
    offset,
    size: 4,
    get: (view, at) => view.getUint32(at + offset, true),
    set: (view, at, value) => view.setUint32(at + offset, value, true),
  };
}

/** A signed 32-bit member. */
export function i32(offset: number): Field<number> {
  return {
    offset,
    size: 4,
    get: (view, at) => view.getInt32(at + offset, true),
    set: (view, at, value) => view.setInt32(at + offset, value, true),
  };
}

/** An unsigned 64-bit member. */
export function u64(offset: number): Field<bigint> {
  return {
    offset,
    size: 8,
    get: (view, at) => view.getBigUint64(at + offset, true),
    set: (view, at, value) => view.setBigUint64(at + offset, value, true),
  };
}

/** An array of `count` bytes; a shorter value leaves the rest as it is. */
export function bytes(offset: number, count: number): Field<Uint8Array> {
  const window = (view: DataView, at: number): Uint8Array =>
    new Uint8Array(view.buffer, view.byteOffset + at + offset, count);
  return {
    offset,
    size: count,
    get: (view, at) => window(view, at).slice(),
    set: (view, at, value) => window(view, at).set(value),
  };
}

/** An array of `count` unsigned 64-bit values. */
export function u64s(offset: number, count: number): Field<readonly bigint[]> {
  return {
    offset,
    size: 8 * count,
    get: (view, at) =>
      Array.from({ length: count }, (_, i) => view.getBigUint64(at + offset + 8 * i, true)),
    set: (view, at, values) => {
      if (values.length > count) {
        throw new RangeError(`Cannot write ${values.length} values: ${count} fit`);
      }
      values.forEach((value, i) => view.setBigUint64(at + offset + 8 * i, value, true));
    },
  };
}

/** A structure inside the structure. */
export function nested<F>(offset: number, inner: Struct<F>): Field<Values<F>> {
  return {
    offset,
    size: inner.size,
    get: (view, at) => inner.read(view, at + offset),
    set: (view, at, value) => inner.write(view, value, at + offset),
  };
}
