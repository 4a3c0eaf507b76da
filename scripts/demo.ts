/**
 * Shows Trapline on one screen: a guest, a filter under it, an answer and a
 * refusal, and what the guest saw of each.
 *
 * @module
 */
import {
  assertGp,
  assertValue,
  disassembleAround,
  type Fault,
  formatFault,
  guest,
  Kvm,
  KvmUnavailableError,
  Msr,
  MsrFilter,
  type RdmsrExit,
  readHost,
  Session,
} from "@trapline/trapline";
import { parseOptions } from "./options.ts";
import { type Paint, paintFor } from "./terminal.ts";

const USAGE = `Usage: deno task demo [--help]

Runs one guest twice under an MSR filter on this host's KVM: its denied RDMSR
is answered with a value, then refused. Shows what user space and the guest saw.

  -h, --help  print this text

Exit status: 0 when both ran, 1 when KVM cannot be used or the guest saw
something else, 2 when the command line is not understood.`;

const FILTER = new MsrFilter({
  default: "allow",
  ranges: [{ base: Msr.IA32_SYSENTER_CS, count: 1, deny: "read" }],
});
const ANSWER = 0x1122_3344_5566_7788n;

function indented(text: string): string[] {
  return text.split("\n").map((line) => `    ${line}`);
}

function exitRow(session: Session, exit: RdmsrExit): string {
  return `  exit    ${exit}, at RIP 0x${session.vcpu.regs().rip.toString(16)}`;
}

function answered(session: Session, paint: Paint): string[] {
  const exit = session.next("X86_RDMSR");
  const row = exitRow(session, exit);
  exit.supply(ANSWER);
  const observation = session.finish();
  assertValue(session, observation, ANSWER);
  const { rax, rdx } = observation.regs;
  return [
    paint.bold("Run 1: user space answers"),
    row,
    `  answer  exit.supply(0x${ANSWER.toString(16)}n)`,
    paint.green(
      `  guest   read EDX:EAX 0x${observation.value.toString(16)} and went on to its end`,
    ),
    paint.dim(
      `          RDX 0x${rdx.toString(16)}, RAX 0x${rax.toString(16)}; both were -1 before`,
    ),
  ];
}

function codeAround({ program }: Session, { rip }: Fault): string {
  const { bytes, base, bitness, symbols } = program;
  return disassembleAround(bytes, { bitness, base, ip: rip, symbols, codeStart: base });
}

function refused(session: Session, paint: Paint): string[] {
  const exit = session.next("X86_RDMSR");
  const row = exitRow(session, exit);
  exit.refuse();
  const fault = assertGp(session, session.finish(), { rip: session.symbol("rdmsr") });
  return [
    paint.bold("Run 2: user space refuses"),
    row,
    "  answer  exit.refuse(), which sets kvm_run.msr.error to 1",
    paint.green(`  guest   took ${formatFault(fault)}`),
    ...indented(codeAround(session, fault)).map((line) =>
      line.startsWith("    =>") ? paint.yellow(line) : line
    ),
  ];
}

/** Runs the guest on `kvm` and tells what happened, a line a string. */
export function demonstrate(kvm: Kvm, paint: Paint): string[] {
  using vm = kvm.createVm();
  vm.enableUserSpaceMsr(["filter"]);
  vm.setMsrFilter(FILTER);
  const session = Session.boot(vm, guest.rdmsr(Msr.IA32_SYSENTER_CS));
  const { kernelRelease, cpuModel } = readHost();
  const first = answered(session, paint);
  session.restart();
  return [
    paint.dim(`Trapline on Linux ${kernelRelease}, ${cpuModel}`),
    "",
    paint.bold("The guest: 64-bit, ring 0, one vCPU"),
    ...indented(session.program.listing()),
    "",
    paint.bold("The MSR filter under it, KVM_X86_SET_MSR_FILTER"),
    `    ${FILTER}`,
    "",
    ...first,
    "",
    ...refused(session, paint),
  ];
}

/** Prints the demonstration on `device` and returns the exit status. */
export function runDemo(device?: string): number {
  try {
    using kvm = Kvm.open(device);
    console.log(demonstrate(kvm, paintFor()).join("\n"));
    return 0;
  } catch (error) {
    if (!(error instanceof KvmUnavailableError)) throw error;
    console.error(error.message);
    return 1;
  }
}

if (import.meta.main) {
  parseOptions({ usage: USAGE, options: {} });
  Deno.exitCode = runDemo();
}
