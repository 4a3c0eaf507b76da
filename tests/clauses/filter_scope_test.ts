/**
 * For whom a filter decides: every vCPU of its VM, no other VM, and not the host.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  formatMsr,
  guest,
  IOCTL,
  type Kvm,
  KVM_RUN,
  Msr,
  MsrFilter,
  MsrRefusedError,
  type Session,
  Session as Guest,
  type Vcpu,
} from "@trapline/trapline";
import { assertVerdicts, type Verdict, verdicts } from "../support/assert_verdicts.ts";
import {
  assertWalk,
  bootWalker,
  completes,
  exits,
  faults,
  passes,
  read,
  write,
} from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { KNOWN_EVERYWHERE, legalValues } from "../support/msr_space.ts";
