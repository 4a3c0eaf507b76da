/**
 * Why a vCPU came back to user space, as a discriminated union.
 *
 * @module
 */
import {
  EXIT_REASON,
  type ExitReasonName,
  formatExitReason,
  INTERNAL_ERROR,
} from "./abi/exit_reason.ts";
import { KVM_RUN } from "./abi/kvm_run.ts";
import { IoExit, MmioExit } from "./io_exit.ts";
import { RdmsrExit, WrmsrExit } from "./msr_exit.ts";
import type { RunPage } from "./run_page.ts";

/** `KVM_EXIT_FAIL_ENTRY` (9): the CPU refused to enter the guest. */
export interface FailEntryExit {
  /** The exit reason's name. */
  readonly name: "FAIL_ENTRY";
  /** The exit reason's number. */
  readonly number: 9;
  /** The hardware's reason, as its vendor defines it. */
  readonly hardwareReason: bigint;
  /** The host CPU. */
  readonly cpu: number;
}

/** `KVM_EXIT_INTERNAL_ERROR` (17): KVM could not go on. */
export interface InternalErrorExit {
  /** The exit reason's name. */
  readonly name: "INTERNAL_ERROR";
  /** The exit reason's number. */
  readonly number: 17;
  /** `KVM_INTERNAL_ERROR_*`; 1 is a failed emulation. */
  readonly suberror: number;
  /** The words that the kernel attached. */
  readonly data: readonly bigint[];
}

/** `KVM_EXIT_DEBUG` (4): a breakpoint or a single step (api.rst 4.87). */
export interface DebugExit {
  /** The exit reason's name. */
  readonly name: "DEBUG";
  /** The exit reason's number. */
  readonly number: 4;
  /** The vector, 1 or 3. */
  readonly exception: number;
  /** Linear address of the next instruction. */
  readonly pc: bigint;
  /** DR6. */
  readonly dr6: bigint;
  /** DR7. */
  readonly dr7: bigint;
}

/** `KVM_EXIT_EXCEPTION` (1). */
export interface ExceptionExit {
  /** The exit reason's name. */
  readonly name: "EXCEPTION";
  /** The exit reason's number. */
  readonly number: 1;
  /** The vector. */
  readonly exception: number;
  /** The error code. */
  readonly errorCode: number;
}

/** `KVM_EXIT_HYPERCALL` (3). */
export interface HypercallExit {
  /** The exit reason's name. */
  readonly name: "HYPERCALL";
  /** The exit reason's number. */
  readonly number: 3;
  /** The hypercall. */
  readonly nr: bigint;
  /** Its arguments. */
  readonly args: readonly bigint[];
}

/** `KVM_EXIT_SYSTEM_EVENT` (24). */
export interface SystemEventExit {
  /** The exit reason's name. */
  readonly name: "SYSTEM_EVENT";
  /** The exit reason's number. */
  readonly number: 24;
  /** `KVM_SYSTEM_EVENT_*`. */
  readonly type: number;
  /** The words that the kernel attached. */
  readonly data: readonly bigint[];
}

/** `KVM_EXIT_UNKNOWN` (0): the hardware gave a reason that KVM does not know. */
export interface UnknownExit {
  /** The exit reason's name. */
  readonly name: "UNKNOWN";
  /** The exit reason's number. */
  readonly number: 0;
  /** The hardware's reason. */
  readonly hardwareReason: bigint;
}

/** The exits that are decoded into fields. */
export type DecodedName =
  | "IO"
  | "MMIO"
  | "X86_RDMSR"
  | "X86_WRMSR"
  | "FAIL_ENTRY"
  | "INTERNAL_ERROR"
  | "DEBUG"
  | "EXCEPTION"
  | "HYPERCALL"
  | "SYSTEM_EVENT"
  | "UNKNOWN";

/** An exit without fields of its own: HLT, SHUTDOWN, INTR and all others by name. */
export interface PlainExit {
  /** The exit reason's name. */
  readonly name: Exclude<ExitReasonName, DecodedName>;
  /** The exit reason's number. */
  readonly number: number;
}

/** An exit reason that has no name here; the number is kept. */
export interface UnnamedExit {
  /** Stands for any name that is not in the kernel's header of today. */
  readonly name: "UNNAMED";
  /** The exit reason's number. */
  readonly number: number;
}

/**
 * Why a vCPU came back, by `name` (`KVM_EXIT_*` without its prefix).
 *
 * Source: api.rst section 5, `exit_reason` and the union behind it.
 */
export type Exit =
  | IoExit
  | MmioExit
  | RdmsrExit
  | WrmsrExit
  | FailEntryExit
  | InternalErrorExit
  | DebugExit
  | ExceptionExit
  | HypercallExit
  | SystemEventExit
  | UnknownExit
  | PlainExit
  | UnnamedExit;

/** The name of an exit. */
export type ExitName = Exit["name"];

/** The exit with a given name. */
export type ExitOf<N extends ExitName> = Extract<Exit, { readonly name: N }> extends never
  ? PlainExit
  : Extract<Exit, { readonly name: N }>;

const FIELD = KVM_RUN.fields;
const REASON = FIELD.exit_reason.offset;

const PLAIN: ReadonlyMap<number, PlainExit> = new Map(
  Object.entries(EXIT_REASON).map(([name, number]) => [
    number,
    Object.freeze({ name: name as PlainExit["name"], number }),
  ]),
);

/** Decodes the exit that `page` holds. */
export function decodeExit(page: RunPage): Exit {
  const number = page.view.getUint32(REASON, true);
  switch (number) {
    case EXIT_REASON.IO:
      return new IoExit(page);
    case EXIT_REASON.X86_RDMSR:
      return new RdmsrExit(page);
    case EXIT_REASON.X86_WRMSR:
      return new WrmsrExit(page);
    default:
      return decodeRareExit(page, number);
  }
}

// Apart, so that the compiler can build the decoding of the frequent exits into its callers.
function decodeRareExit(page: RunPage, number: number): Exit {
  const view = page.view;
  switch (number) {
    case EXIT_REASON.MMIO:
      return new MmioExit(page);
    case EXIT_REASON.UNKNOWN:
      return {
        name: "UNKNOWN",
        number,
        hardwareReason: FIELD["hw.hardware_exit_reason"].get(view, 0),
      };
    case EXIT_REASON.FAIL_ENTRY:
      return {
        name: "FAIL_ENTRY",
        number,
        hardwareReason: FIELD["fail_entry.hardware_entry_failure_reason"].get(view, 0),
        cpu: FIELD["fail_entry.cpu"].get(view, 0),
      };
    case EXIT_REASON.INTERNAL_ERROR:
      return {
        name: "INTERNAL_ERROR",
        number,
        suberror: FIELD["internal.suberror"].get(view, 0),
        data: FIELD["internal.data"].get(view, 0).slice(0, FIELD["internal.ndata"].get(view, 0)),
      };
    case EXIT_REASON.DEBUG:
      return {
        name: "DEBUG",
        number,
        exception: FIELD["debug.arch.exception"].get(view, 0),
        pc: FIELD["debug.arch.pc"].get(view, 0),
        dr6: FIELD["debug.arch.dr6"].get(view, 0),
        dr7: FIELD["debug.arch.dr7"].get(view, 0),
      };
    case EXIT_REASON.EXCEPTION:
      return {
        name: "EXCEPTION",
        number,
        exception: FIELD["ex.exception"].get(view, 0),
        errorCode: FIELD["ex.error_code"].get(view, 0),
      };
    case EXIT_REASON.HYPERCALL:
      return {
        name: "HYPERCALL",
        number,
        nr: FIELD["hypercall.nr"].get(view, 0),
        args: FIELD["hypercall.args"].get(view, 0),
      };
    case EXIT_REASON.SYSTEM_EVENT:
      return {
        name: "SYSTEM_EVENT",
        number,
        type: FIELD["system_event.type"].get(view, 0),
        data: FIELD["system_event.data"].get(view, 0)
          .slice(0, FIELD["system_event.ndata"].get(view, 0)),
      };
    default:
      return PLAIN.get(number) ?? { name: "UNNAMED", number };
  }
}

function suberrorName(suberror: number): string {
  const found = Object.entries(INTERNAL_ERROR).find(([, number]) => number === suberror);
  return `${found?.[0] ?? "?"} (${suberror})`;
}

/**
 * The exit in one line, with its fields.
 *
 * @example Usage
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { asm64, formatExit, Kvm, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const session = Session.boot(vm, asm64`out 0x80, al`);
 * assertMatch(formatExit(session.next("IO")), /^KVM_EXIT_IO \(2\) out port 0x80/);
 * ```
 */
export function formatExit(exit: Exit): string {
  const reason = formatExitReason(exit.number);
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  switch (exit.name) {
    case "IO":
    case "MMIO":
    case "X86_RDMSR":
    case "X86_WRMSR":
      return exit.toString();
    case "FAIL_ENTRY":
    case "UNKNOWN":
      return `${reason} hardware reason ${hex(exit.hardwareReason)}`;
    case "INTERNAL_ERROR":
      return `${reason} suberror ${suberrorName(exit.suberror)} data ${
        exit.data.map(hex).join(" ")
      }`
        .trimEnd();
    case "DEBUG":
      return `${reason} vector ${exit.exception} at ${hex(exit.pc)}, DR6 ${hex(exit.dr6)}`;
    case "EXCEPTION":
      return `${reason} vector ${exit.exception} error code ${exit.errorCode}`;
    case "HYPERCALL":
      return `${reason} nr ${exit.nr}`;
    case "SYSTEM_EVENT":
      return `${reason} type ${exit.type}`;
    default:
      return reason;
  }
}
