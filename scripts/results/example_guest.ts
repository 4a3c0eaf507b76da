/**
 * A guest for tests, where there is no KVM to run one: its program, exits and
 * words are made by the code that makes those of real ones.
 *
 * @module
 */
import { GuestAssertionError } from "../../guests/assertion_error.ts";
import { describeGuest } from "../../guests/describe.ts";
import { assembleProgram } from "../../guests/load.ts";
import { guest } from "../../guests/programs.ts";
import { LAYOUT, PORT, REPORT } from "../../guests/protocol.ts";
import { Transcript } from "../../guests/transcript.ts";
import { KVM_RUN } from "../../kvm/abi/kvm_run.ts";
import { decodeExit, type Exit, type ExitName } from "../../kvm/exit.ts";
import { RunPage } from "../../kvm/run_page.ts";
import { Mapping, PAGE_SIZE } from "../../kvm/sys/mapping.ts";
import type { GuestRecord } from "./format.ts";

/** How the guest came to its last exit, which is not the one that was wanted. */
export type ExampleEnd = "finish" | "fault" | "hlt";

type Guest = Parameters<typeof describeGuest>[0];

const PROGRAM = assembleProgram(guest.rdmsr(0x174), "long", 0);
const RDMSR = BigInt(PROGRAM.symbol("rdmsr"));

/** The exit that a kernel describes by `fields`; `answer` is given while its page is there. */
function exitOf(
  fields: Parameters<typeof KVM_RUN.write>[1],
  answer: (exit: Exit) => void = () => {},
): Exit {
  const page = new RunPage(Mapping.memory(PAGE_SIZE));
  KVM_RUN.write(page.view, fields);
  const exit = decodeExit(page);
  answer(exit);
  page.close();
  return exit;
}

function outTo(port: number): Exit {
  return exitOf({
    exit_reason: 2,
    "io.direction": 1,
    "io.size": 1,
    "io.port": port,
    "io.count": 1,
    "io.data_offset": 0xc00n,
  });
}

function suppliedRead(): Exit {
  return exitOf({ exit_reason: 29, "msr.reason": 4, "msr.index": 0x174 }, (exit) => {
    if (exit.name === "X86_RDMSR") exit.supply(0x2an);
  });
}

const ENDS: Readonly<Record<ExampleEnd, () => Exit>> = {
  finish: () => outTo(PORT.finish),
  fault: () => outTo(PORT.fault),
  hlt: () => exitOf({ exit_reason: 5 }),
};

/** The report that a guest with a #GP at its RDMSR leaves. */
function memory(): { view: (at: number, size: number) => DataView } {
  const report = new DataView(new ArrayBuffer(0x1000));
  report.setBigUint64(REPORT.vector, 13n, true);
  report.setBigUint64(REPORT.rip, RDMSR, true);
  return { view: (at, size) => new DataView(report.buffer, at - LAYOUT.report, size) };
}

/** As much of a session as its description needs. */
function stoppedGuest(exits: readonly Exit[]): Guest {
  const transcript = new Transcript();
  for (const exit of exits) transcript.add(exit);
  const zero = { rip: RDMSR, rax: 0x1234n };
  const regs = (): unknown => new Proxy(zero, { get: (own, name) => Reflect.get(own, name) ?? 0n });
  return {
    vm: { memory: memory() },
    vcpu: { closed: false, regs },
    mode: "long",
    base: 0,
    program: PROGRAM,
    transcript,
  } as unknown as Guest;
}

/** What a test says that wanted the exit `wanted` of a guest that came to `end`. */
export function exampleFailure(
  end: ExampleEnd = "finish",
  wanted: ExitName | "the end of the program" = "X86_RDMSR",
): string {
  const exit = ENDS[end]();
  const described = describeGuest(stoppedGuest([suppliedRead(), exit]));
  return GuestAssertionError.forExit({ describe: () => described }, wanted, exit).message;
}

/** What a result file has of a guest whose RDMSR was answered. */
export function exampleGuestRecord(): GuestRecord {
  const { program, transcript } = stoppedGuest([suppliedRead(), outTo(PORT.finish)]);
  return { listing: program.listing(), exits: `${transcript}` };
}
