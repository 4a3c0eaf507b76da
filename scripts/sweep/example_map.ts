/**
 * A small map for the tests of the pages.
 *
 * @module
 */
import { msrIndices, type MsrRecord } from "@trapline/trapline/sweep";
import { runsOf } from "../../guests/sweep/record.ts";
import type { SweepMap } from "./map.ts";

const UNKNOWN: MsrRecord = { read: "unknown", writeZero: "unknown", filterable: { read: true } };

const KNOWN: Readonly<Record<number, MsrRecord>> = {
  0x174: { read: "done", value: "0x0", writeBack: "done", writeZero: "done" },
  0x175: { read: "done", value: "0x7", writeBack: "done", writeZero: "done" },
  0x1fa: { read: "inval", writeZero: "inval", filterable: { read: false } },
  0x1fb: { read: "done", value: "0x1", leftOut: "writes memory" },
};

/** Two windows with four MSRs that KVM knows. */
export function exampleMap(): SweepMap {
  const windows = [{ first: 0x170, last: 0x1ff }, { first: 0x4000_0000, last: 0x4000_00ff }];
  const indices = msrIndices(windows);
  return {
    host: { kernel: "6.12", cpu: "AuthenticAMD", modules: ["kvm", "kvm_amd"] },
    made: "2026-01-01T00:00:00Z",
    seconds: 1,
    notes: [],
    windows,
    runs: runsOf(new Map(indices.map((index) => [index, KNOWN[index] ?? UNKNOWN]))),
  };
}
