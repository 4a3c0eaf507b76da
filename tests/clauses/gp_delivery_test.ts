/**
 * The #GP of an MSR access in a guest that cannot take it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  type AsmSource,
  assertGp,
  type Exit,
  GP,
  guest,
  type GuestMode,
  Msr,
  type MsrExitReason,
  MsrFilter,
  Session,
} from "@trapline/trapline";
import { clause } from "../support/clause.ts";
import { DENIED_ACCESSES, nextMsrExit } from "../support/msr_exits.ts";
import type { SentinelAccess } from "../support/sentinels.ts";
import { nameAccess } from "../support/walked.ts";

/** Each boots many guests: one MSR that the hardware's bitmap has, and one that it has not. */
const ACCESSES = DENIED_ACCESSES.filter(({ index }) => index !== Msr.IA32_SYSENTER_CS);

const DOUBLE_FAULT = 8;

/** A mode with the bytes of a gate in its IDT. */
interface GateMode {
  readonly mode: GuestMode;
  readonly bitness: 32 | 64;
  readonly gateSize: number;
}

const MODES: readonly GateMode[] = [
  { mode: "long", bitness: 64, gateSize: 16 },
  { mode: "protected", bitness: 32, gateSize: 8 },
];

/** Makes the gates of `vectors` invalid. */
function clearGates(session: Session, { gateSize }: GateMode, vectors: readonly number[]): void {
  const { base } = session.vcpu.sregs().idt;
  for (const vector of vectors) {
    session.vm.memory.bytes(Number(base) + gateSize * vector, gateSize).fill(0);
  }
}

function setIdtLimit(session: Session, limit: number): void {
  const sregs = session.vcpu.sregs();
  session.vcpu.setSregs({ ...sregs, idt: { ...sregs.idt, limit } });
}

const ALL_VECTORS = Array.from({ length: 32 }, (_, vector) => vector);

/** An IDT through which #GP cannot be delivered, and how the guest ends then. */
interface BrokenIdt {
  readonly name: string;
  readonly apply: (session: Session, mode: GateMode) => void;
  readonly end: "#DF" | "SHUTDOWN";
}

const BROKEN: readonly BrokenIdt[] = [
  {
    name: "the gate of #GP invalid",
    apply: (session, mode) => clearGates(session, mode, [GP]),
    end: "#DF",
  },
  {
    name: "the IDT ending before the gate of #GP",
    apply: (session, { gateSize }) => setIdtLimit(session, gateSize * GP - 1),
    end: "#DF",
  },
  {
    name: "the gates of all exceptions invalid",
    apply: (session, mode) => clearGates(session, mode, ALL_VECTORS),
    end: "SHUTDOWN",
  },
  { name: "an empty IDT", apply: (session) => setIdtLimit(session, 0), end: "SHUTDOWN" },
];

/** Where the #GP comes from: KVM raises it of itself, or because user space refused. */
const ORIGINS: readonly (readonly MsrExitReason[])[] = [[], ["filter"]];

/** The label of an access in `guest.rdmsr()` and `guest.wrmsr()`. */
function labelOf({ kind }: SentinelAccess): string {
  return kind === "read" ? "rdmsr" : "wrmsr";
}

function program({ kind, index }: SentinelAccess, { bitness }: GateMode): AsmSource {
  return kind === "read" ? guest.rdmsr(index, { bitness }) : guest.wrmsr(index, 0x18n, { bitness });
}

clause(
  "X-71",
  "a #GP that the IDT cannot deliver becomes a #DF, and without one a triple fault: " +
    "KVM_EXIT_SHUTDOWN",
  ({ kvm }) => {
    for (const mode of MODES) {
      for (const access of ACCESSES) {
        const source = program(access, mode);
        for (const { name, apply, end } of BROKEN) {
          for (const mask of ORIGINS) {
            using vm = kvm.createVm();
            vm.enableUserSpaceMsr(mask);
            vm.setMsrFilter(MsrFilter.DENY_ALL);
            const session = Session.boot(vm, source, { mode: mode.mode });
            const toEnd = (): Exit => {
              if (mask.length > 0) nextMsrExit(session, access.kind).refuse();
              return session.step();
            };
            const control = session.endOf(toEnd());
            assert(control !== undefined);
            assertGp(session, control, { rip: session.symbol(labelOf(access)) });

            session.restart();
            apply(session, mode);
            const exit = toEnd();
            const refused = mask.length > 0 ? " refused" : "";
            const detail = `${nameAccess(access)}${refused} in ${mode.mode} mode with ${name}`;
            if (end === "SHUTDOWN") {
              assertEquals(exit.name, end, detail);
              continue;
            }
            const fault = session.endOf(exit)?.fault;
            assertEquals([fault?.vector, fault?.errorCode], [DOUBLE_FAULT, 0], detail);
          }
        }
      }
    }
  },
);
