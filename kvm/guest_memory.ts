/**
 * The memory slots of a VM, and bounds-checked access by guest-physical address.
 *
 * @module
 */
import { ClosedError } from "./errors.ts";
import { Mapping, PAGE_SIZE } from "./sys/mapping.ts";

/** A memory slot (api.rst 4.35 `KVM_SET_USER_MEMORY_REGION`). */
export interface MemorySlot {
  /** Slot number, unique in the VM; its upper 16 bits are the address space. */
  readonly slot: number;
  /** Guest-physical address of the first byte, a multiple of 4096. */
  readonly gpa: number;
  /** Bytes, a multiple of 4096. */
  readonly size: number;
  /** Whether a guest's write exits as MMIO instead of writing; default false. */
  readonly readonly?: boolean;
}

/** What to change of a slot; what is left out stays as it is. */
export interface MemorySlotChange {
  /** New guest-physical address. */
  readonly gpa?: number;
  /** New write protection. */
  readonly readonly?: boolean;
}

/** Hands a slot to the kernel; a size of 0 removes it. */
export type SetSlot = (slot: Required<MemorySlot>, userspaceAddress: bigint) => void;

interface MappedSlot extends Required<MemorySlot> {
  readonly mapping: Mapping;
}

function checkMultiple(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value % PAGE_SIZE !== 0) {
    throw new RangeError(`Cannot set a memory slot: ${what} ${value} is no multiple of 4096`);
  }
}

/**
 * A VM's memory. Every access is checked against the slots: one that no slot
 * covers is a `RangeError`, one after the VM was closed a `ClosedError`.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Kvm } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.memory.add({ slot: 0, gpa: 0x1000, size: 0x2000 });
 * vm.memory.write(0x1ffe, Uint8Array.of(1, 2, 3));
 * assertEquals(vm.memory.read(0x1ffe, 3), Uint8Array.of(1, 2, 3));
 * ```
 */
export class GuestMemory {
  readonly #setSlot: SetSlot;
  readonly #slots = new Map<number, MappedSlot>();
  #closed = false;

  /** Made by `Vm`. */
  constructor(setSlot: SetSlot) {
    this.#setSlot = setSlot;
  }

  /** The slots, by number. */
  get slots(): MemorySlot[] {
    return [...this.#slots.values()].map(({ slot, gpa, size, readonly }) => ({
      slot,
      gpa,
      size,
      readonly,
    }));
  }

  /**
   * Adds a slot of new, zeroed memory.
   *
   * @throws {RangeError} When the address or size is no multiple of 4096, or the number is taken
   * or has more than 32 bits.
   * @throws {KvmError} When the kernel refuses the slot, for example because it overlaps another.
   * @throws {SystemError} When the host has no memory for it.
   */
  add(slot: MemorySlot): void {
    this.#assertOpen("add a memory slot");
    if (!Number.isInteger(slot.slot) || slot.slot < 0 || slot.slot > 0xffff_ffff) {
      throw new RangeError(`Cannot add memory slot ${slot.slot}: a slot number has 32 bits`);
    }
    checkMultiple("address", slot.gpa);
    checkMultiple("size", slot.size);
    if (slot.size === 0) throw new RangeError("Cannot add a memory slot: its size is 0");
    if (this.#slots.has(slot.slot)) {
      throw new RangeError(`Cannot add memory slot ${slot.slot}: it exists, replace or remove it`);
    }
    const mapping = Mapping.memory(slot.size);
    const mapped = { readonly: false, ...slot, mapping };
    try {
      this.#setSlot(mapped, mapping.address);
    } catch (error) {
      mapping.close();
      throw error;
    }
    this.#slots.set(slot.slot, mapped);
  }

  /**
   * Moves a slot or changes its protection; its contents stay. The kernel
   * changes neither in place, so the slot is gone for a moment between.
   *
   * @throws {RangeError} When there is no such slot.
   * @throws {KvmError} When the kernel refuses the new slot; the old one is put back.
   */
  replace(slot: number, change: MemorySlotChange): void {
    const old = this.#get("replace", slot);
    const next = { ...old, ...change };
    checkMultiple("address", next.gpa);
    this.#setSlot({ ...old, size: 0 }, old.mapping.address);
    try {
      this.#setSlot(next, old.mapping.address);
    } catch (error) {
      this.#setSlot(old, old.mapping.address);
      throw error;
    }
    this.#slots.set(slot, next);
  }

  /**
   * Removes a slot and gives its memory back.
   *
   * @throws {RangeError} When there is no such slot.
   */
  remove(slot: number): void {
    const old = this.#get("remove", slot);
    this.#setSlot({ ...old, size: 0 }, old.mapping.address);
    this.#slots.delete(slot);
    old.mapping.close();
  }

  /** Copies `length` bytes at `gpa` out of the guest. */
  read(gpa: number, length: number): Uint8Array<ArrayBuffer> {
    return this.bytes(gpa, length).slice();
  }

  /** Copies `bytes` into the guest at `gpa`; a read-only slot is writable from here. */
  write(gpa: number, bytes: Uint8Array): void {
    this.bytes(gpa, bytes.length).set(bytes);
  }

  /** The `length` bytes at `gpa` themselves, for as long as their slot lives. */
  bytes(gpa: number, length: number): Uint8Array<ArrayBuffer> {
    const { mapping, offset } = this.#locate(gpa, length);
    return new Uint8Array(mapping.buffer, offset, length);
  }

  /** The `length` bytes at `gpa` themselves as a `DataView`, for as long as their slot lives. */
  view(gpa: number, length: number): DataView<ArrayBuffer> {
    const { mapping, offset } = this.#locate(gpa, length);
    return new DataView(mapping.buffer, offset, length);
  }

  /** Gives all memory back; made by `Vm.close()`. */
  close(): void {
    this.#closed = true;
    for (const { mapping } of this.#slots.values()) mapping.close();
    this.#slots.clear();
  }

  #locate(gpa: number, length: number): { mapping: Mapping; offset: number } {
    this.#assertOpen("access guest memory");
    if (!Number.isSafeInteger(gpa) || !Number.isSafeInteger(length) || gpa < 0 || length < 0) {
      throw new RangeError(`Cannot access ${length} bytes at GPA ${gpa}: not whole numbers`);
    }
    for (const slot of this.#slots.values()) {
      if (gpa >= slot.gpa && gpa + length <= slot.gpa + slot.size) {
        return { mapping: slot.mapping, offset: gpa - slot.gpa };
      }
    }
    const have = [...this.#slots.values()]
      .map((slot) => `0x${slot.gpa.toString(16)}..0x${(slot.gpa + slot.size).toString(16)}`)
      .join(", ");
    throw new RangeError(
      `Cannot access ${length} bytes at GPA 0x${gpa.toString(16)}: ` +
        (have === "" ? "the VM has no memory" : `the memory is ${have}`),
    );
  }

  #get(action: string, slot: number): MappedSlot {
    this.#assertOpen(`${action} a memory slot`);
    const found = this.#slots.get(slot);
    if (found === undefined) throw new RangeError(`Cannot ${action} memory slot ${slot}: none`);
    return found;
  }

  #assertOpen(action: string): void {
    if (this.#closed) throw new ClosedError(action, "VM");
  }
}
