/**
 * Assertions on what a guest saw, with the guest's state in the message.
 *
 * @module
 */
import { formatMsr } from "../kvm/abi/msr.ts";
import type { RdmsrExit, WrmsrExit } from "../kvm/msr_exit.ts";
import { type Describable, GuestAssertionError } from "./assertion_error.ts";
import { type Fault, formatFault, type Observation } from "./observation.ts";
import { formatVector, GP } from "./vector.ts";

/** What of a fault must be so; what is left out may be anything. */
export type WantedFault = Partial<Fault>;

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

/**
 * Asserts that the guest ended in the fault that `wanted` describes.
 *
 * @example Usage
 * ```ts
 * import { asm64, assertFault, Kvm, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const session = Session.boot(vm, asm64`
 *   nop
 * here:
 *   ud2
 * `);
 * assertFault(session, session.finish(), { vector: 6, rip: session.symbol("here") });
 * ```
 */
export function assertFault(
  guest: Describable,
  observation: Observation,
  wanted: WantedFault & { readonly vector: number },
): Fault {
  const { fault } = observation;
  if (fault === undefined) {
    throw new GuestAssertionError(
      guest,
      formatVector(wanted.vector),
      `no fault: the program came to its end with EDX:EAX ${hex(observation.value)}`,
    );
  }
  if (fault.vector !== wanted.vector) {
    throw new GuestAssertionError(guest, formatVector(wanted.vector), formatFault(fault));
  }
  for (const [field, value] of Object.entries(wanted) as [keyof Fault, bigint | number][]) {
    if (fault[field] !== value) {
      throw new GuestAssertionError(
        guest,
        `${formatVector(wanted.vector)} with ${field} ${hex(value)}`,
        `${field} ${hex(fault[field])}`,
      );
    }
  }
  return fault;
}

/**
 * Asserts that the guest took a #GP, with error code 0 unless `wanted` says otherwise.
 *
 * @example Usage
 * ```ts
 * import { assertGp, guest, Kvm, MsrFilter, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.setMsrFilter(MsrFilter.DENY_ALL);
 * const session = Session.boot(vm, guest.rdmsr(0x174));
 * assertGp(session, session.finish(), { rip: session.symbol("rdmsr") });
 * ```
 */
export function assertGp(
  guest: Describable,
  observation: Observation,
  wanted: Omit<WantedFault, "vector"> = {},
): Fault {
  return assertFault(guest, observation, { errorCode: 0, ...wanted, vector: GP });
}

/**
 * Asserts that the guest came to its end without a fault.
 *
 * @example Usage
 * ```ts
 * import { assertNoFault, guest, Kvm, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * const session = Session.boot(vm, guest.rdmsr(0x10));
 * assertNoFault(session, session.finish());
 * ```
 */
export function assertNoFault(guest: Describable, observation: Observation): void {
  if (observation.fault !== undefined) {
    throw new GuestAssertionError(guest, "no fault", formatFault(observation.fault));
  }
}

/**
 * Asserts that the guest came to its end and read `value` in EDX:EAX.
 *
 * @example Usage
 * ```ts
 * import { assertValue, guest, Kvm, MsrFilter, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.enableUserSpaceMsr(["filter"]);
 * vm.setMsrFilter(MsrFilter.DENY_ALL);
 * const session = Session.boot(vm, guest.rdmsr(0x10));
 * session.next("X86_RDMSR").supply(42n);
 * assertValue(session, session.finish(), 42n);
 * ```
 */
export function assertValue(guest: Describable, observation: Observation, value: bigint): void {
  assertNoFault(guest, observation);
  if (observation.value !== value) {
    throw new GuestAssertionError(guest, `EDX:EAX ${hex(value)}`, hex(observation.value));
  }
}

/** What of an MSR exit must be so; what is left out may be anything. */
export interface WantedMsrExit {
  /** The MSR index. */
  readonly index?: number;
  /** The reasons, by name. */
  readonly reasons?: readonly string[];
  /** The value written; for a read, what the kernel left there. */
  readonly data?: bigint;
}

/**
 * Asserts the fields of an MSR exit.
 *
 * @example Usage
 * ```ts
 * import { assertMsrExit, guest, Kvm, MsrFilter, Session } from "@trapline/trapline";
 *
 * using kvm = Kvm.open();
 * using vm = kvm.createVm();
 * vm.enableUserSpaceMsr(["filter"]);
 * vm.setMsrFilter(MsrFilter.DENY_ALL);
 * const session = Session.boot(vm, guest.wrmsr(0x174, 8n));
 * const wanted = { index: 0x174, reasons: ["filter"], data: 8n };
 * assertMsrExit(session, session.next("X86_WRMSR"), wanted);
 * ```
 */
export function assertMsrExit(
  guest: Describable,
  exit: RdmsrExit | WrmsrExit,
  wanted: WantedMsrExit,
): void {
  if (wanted.index !== undefined && exit.index !== wanted.index) {
    throw new GuestAssertionError(
      guest,
      `MSR ${formatMsr(wanted.index)}`,
      `MSR ${formatMsr(exit.index)}`,
    );
  }
  if (wanted.reasons !== undefined && exit.reasons.join("+") !== wanted.reasons.join("+")) {
    throw new GuestAssertionError(
      guest,
      `reason ${wanted.reasons.join("+")} for MSR ${formatMsr(exit.index)}`,
      `reason ${exit.reasons.join("+")} (${exit.reasonMask})`,
    );
  }
  if (wanted.data !== undefined && exit.data !== wanted.data) {
    throw new GuestAssertionError(
      guest,
      `data ${hex(wanted.data)} for MSR ${formatMsr(exit.index)}`,
      `data ${hex(exit.data)}`,
    );
  }
}
