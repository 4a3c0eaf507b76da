import { assertEquals } from "@std/assert";
import { Msr, type WalkedAccess } from "@trapline/trapline";
import { bitOutcomes, bitWrites, permissionOf, plainWrites } from "./accesses.ts";
import type { MsrRecord } from "./record.ts";

const READ: MsrRecord = { read: "done", value: "0x6" };
const UNREAD: MsrRecord = { read: "unknown" };

function written(index: number, record: MsrRecord, dangerous = false): (bigint | undefined)[] {
  const { permission } = permissionOf(index, record, dangerous);
  return plainWrites(index, record, permission).map(({ value }) => value);
}

Deno.test("plainWrites() writes the value read, zero, and the value again", () => {
  assertEquals(written(0x174, READ), [6n, 0n, 6n]);
  assertEquals(written(0x174, UNREAD), [0n]);
});

Deno.test("plainWrites() leaves dangerous writes out unless told otherwise", () => {
  assertEquals(written(Msr.KVM_SYSTEM_TIME, READ), [6n]);
  assertEquals(written(Msr.KVM_SYSTEM_TIME, UNREAD), []);
  assertEquals(written(0x4b56_4d10, READ), []);
  assertEquals(written(Msr.KVM_SYSTEM_TIME, READ, true), [6n, 0n, 6n]);
});

Deno.test("bitWrites() restores what was read", () => {
  assertEquals(bitWrites(0x174, READ, 63), [
    { kind: "write", index: 0x174, value: 1n << 63n },
    { kind: "read", index: 0x174 },
    { kind: "write", index: 0x174, value: 6n },
  ]);
  assertEquals(bitWrites(0x174, UNREAD, 0).length, 1);
});

Deno.test("bitOutcomes() sorts bits by what came of them", () => {
  const access = { kind: "write", index: 0x174 } as const;
  const fault = { errorCode: 0, rip: 0n };
  const done = (value: bigint): WalkedAccess[] =>
    [undefined, value].map((value) => ({ access, value, fault: undefined, exit: undefined }));
  const faulted: WalkedAccess[] = [{ access, value: undefined, fault, exit: undefined }];
  const answers = [done(8n), done(0n), faulted, undefined];
  assertEquals(bitOutcomes(READ, [3, 2, 1, 0], answers), {
    tried: "0xf",
    done: "0xc",
    kept: "0x8",
    gp: "0x2",
    ended: "0x1",
  });
  assertEquals(bitOutcomes({ ...READ, volatile: true }, [3], [done(8n)]).kept, undefined);
});
