/**
 * What a vCPU's thread and its owner say to each other. Descriptors and
 * addresses are the whole process', so they travel as numbers.
 *
 * @module
 */
import type { MsrAnswers } from "./msr_answers.ts";

/** The owner hands the vCPU over; the first message. */
export interface Handover {
  readonly kind: "handover";
  /** The vCPU's descriptor. */
  readonly fd: number;
  /** The vCPU id. */
  readonly id: number;
  /** Address of `kvm_run`. */
  readonly address: bigint;
  /** Bytes of `kvm_run`. */
  readonly size: number;
  /** The shared words. */
  readonly control: SharedArrayBuffer;
}

/** The owner wants the vCPU run. */
export interface RunOrder {
  readonly kind: "run";
  /** Milliseconds that it may take, exits that the thread answers included. */
  readonly deadlineMs: number;
  /** What the thread answers by itself. */
  readonly answers: MsrAnswers;
}

/** What the owner says. */
export type ToThread = Handover | RunOrder;

/** What a thread says that lives on. */
export type Report =
  /** It is there, and waits for work. */
  | { readonly kind: "ready"; readonly thread: number; readonly timer: bigint }
  /** The vCPU came back; `kvm_run` has the exit. */
  | { readonly kind: "exit" }
  /** The guest was still running at the deadline. */
  | { readonly kind: "deadline"; readonly deadlineMs: number; readonly rip: bigint }
  /** The kernel refused an ioctl. */
  | { readonly kind: "refused"; readonly ioctl: string; readonly errno: number };

/** What the thread says. */
export type FromThread =
  | Report
  /** Something went wrong that should not, and the thread is of no more use. */
  | { readonly kind: "died"; readonly error: Error };
