/**
 * Writes that KVM's own handler of the MSR cannot carry out, through no fault
 * of the guest's.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  assertNoFault,
  formatExit,
  guest,
  HostMemory,
  KvmError,
  MSR_EXIT_REASONS,
  MsrFilter,
  Session,
} from "@trapline/trapline";
import { assertWalk, exits, faults, write } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { fillPage } from "../support/filled_page.ts";
import { denyOnly } from "../support/msr_probes.ts";
import { capability, executesAccesses } from "../support/requirements.ts";
import { configureXen, XEN_BLOB_SIZE, XEN_MSR } from "../support/xen.ts";

const AREA = 0x2_0000;

/** Enters the guest and gives the errno that `KVM_RUN` ends with, or else the exit. */
function runToErrno(session: Session): string {
  try {
    return formatExit(session.step());
  } catch (error) {
    if (error instanceof KvmError) return error.errnoName;
    throw error;
  }
}

clause(
  "X-111",
  "a write that KVM's handler fails to carry out ends KVM_RUN with its errno, or exits where " +
    "INVAL is on, and a filter that denies it comes first",
  {
    requires: [capability("XEN_HVM"), executesAccesses],
    nativeOnly: "KVM's emulator gives up on such a write, and the guest does not go on",
  },
  ({ kvm }) => {
    using blob = HostMemory.allocate(XEN_BLOB_SIZE);
    blob.bytes.fill(0x5a);
    using vm = kvm.createVm();
    // Behind the blob nothing is mapped, so that KVM cannot copy it.
    configureXen(vm, XEN_MSR, blob.end);
    const session = Session.boot(vm, guest.wrmsr(XEN_MSR, BigInt(AREA)));
    const page = fillPage(vm, AREA);
    for (const reasons of [[], ["unknown"], ["filter"], ["unknown", "filter"]] as const) {
      const what = `${reasons.join("+") || "nothing"} enabled`;
      vm.enableUserSpaceMsr(reasons);
      session.restart();
      for (const time of ["first", "again"]) {
        assertEquals(runToErrno(session), "EFAULT", `how KVM_RUN ends ${time}, ${what}`);
        assertEquals(session.vcpu.regs().rip, session.symbol("wrmsr"), `RIP ${time}, ${what}`);
      }
    }
    configureXen(vm, XEN_MSR, blob.address);
    assertNoFault(session, session.finish());
    assert(page.bytes().every((byte) => byte === 0x5a), "The page holds the blob in the end");

    configureXen(vm, XEN_MSR, blob.end);
    page.fill();
    const asking = write(XEN_MSR, page.gpa);
    for (const reasons of [["inval"], ["inval", "filter"], MSR_EXIT_REASONS] as const) {
      vm.enableUserSpaceMsr(reasons);
      assertWalk(session, `${reasons.join("+")} enabled`, [exits(asking, "inval")]);
    }
    for (const filter of [MsrFilter.DENY_ALL, new MsrFilter(denyOnly(XEN_MSR, "write"))]) {
      vm.setMsrFilter(filter);
      for (const reasons of [["filter"], MSR_EXIT_REASONS] as const) {
        vm.enableUserSpaceMsr(reasons);
        assertWalk(session, `${filter}, ${reasons.join("+")} enabled`, [exits(asking)]);
      }
      vm.enableUserSpaceMsr(["inval", "unknown"]);
      assertWalk(session, `${filter}, FILTER off`, [faults(asking)]);
    }
    assert(page.isUntouched(), "The page is untouched where the blob cannot be read");
  },
);
