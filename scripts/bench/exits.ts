/**
 * Round trips between guest and host: `KVM_RUN`, the exit decoded, the next.
 *
 * @module
 */
import { IOCTL } from "../../kvm/abi/ioctls.ts";
import { ioctlNoArgument } from "../../kvm/sys/fd.ts";
import { type Exit, formatExit, Session, type Vcpu, type Vm } from "../../mod.ts";
import { DENIED_MSR, FINISH_PORT, MSR_VALUE, PORT_BYTE, PROGRAM } from "./guests.ts";
import type { Turns } from "./pairs.ts";

function unexpected(exit: Exit): Error {
  return new Error(`Cannot measure: the guest made ${formatExit(exit)}`);
}

function portIoGuest(vm: Vm): Vcpu {
  return Session.boot(vm, PROGRAM.port_io_program).vcpu;
}

/** A guest that writes a port for ever; the host looks at port and byte. */
export function portIo(vm: Vm): Turns {
  const vcpu = portIoGuest(vm);
  return (count) => {
    for (let i = 0; i < count; i++) {
      const exit = vcpu.run();
      if (exit.name !== "IO" || exit.port !== FINISH_PORT || exit.value !== PORT_BYTE) {
        throw unexpected(exit);
      }
    }
  };
}

/** The same guest with nothing around the call: what no binding on Deno goes below. */
export function bareRun(vm: Vm): Turns {
  const vcpu = portIoGuest(vm);
  const { fd } = vcpu;
  return (count) => {
    vcpu.run();
    for (let i = 0; i < count; i++) {
      // An alarm of the watchdog stays until it is drained.
      if (ioctlNoArgument(fd, IOCTL.RUN.request) < 0) vcpu.run();
    }
  };
}

/** A guest that reads a denied MSR for ever; the host looks at index and data, and answers. */
export function rdmsr(vm: Vm): Turns {
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter({ default: "allow", ranges: [{ base: DENIED_MSR, count: 1, deny: "read" }] });
  const { vcpu } = Session.boot(vm, PROGRAM.rdmsr_program);
  return (count) => {
    for (let i = 0; i < count; i++) {
      const exit = vcpu.run();
      if (exit.name !== "X86_RDMSR" || exit.index !== DENIED_MSR || exit.data !== 0n) {
        throw unexpected(exit);
      }
      exit.supply(MSR_VALUE);
    }
  };
}
