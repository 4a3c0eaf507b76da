import { assert, assertEquals } from "@std/assert";
import { EXIT_REASON } from "./abi/exit_reason.ts";
import { KVM_RUN } from "./abi/kvm_run.ts";
import type { Values } from "./abi/struct.ts";
import { decodeExit, type Exit, formatExit } from "./exit.ts";
import { IoExit, MmioExit } from "./io_exit.ts";
import { RdmsrExit, WrmsrExit } from "./msr_exit.ts";
import { RunPage } from "./run_page.ts";
import { Mapping, PAGE_SIZE } from "./sys/mapping.ts";

/** Decodes the exit of a `kvm_run` that holds `members` and is zero elsewhere. */
function decode(members: Partial<Values<typeof KVM_RUN.fields>>): Exit {
  const mapping = Mapping.memory(3 * PAGE_SIZE);
  const page = new RunPage(mapping);
  KVM_RUN.write(page.view, members);
  const exit = decodeExit(page);
  page.close();
  return exit;
}

Deno.test("decodeExit() knows every exit reason of the kernel's header by name", () => {
  for (const [name, number] of Object.entries(EXIT_REASON)) {
    const exit = decode({ exit_reason: number });
    assertEquals([exit.name, exit.number], [name, number]);
  }
});

Deno.test("decodeExit() keeps the number of a reason without a name", () => {
  for (const number of [99, 0xffff_ffff]) {
    const exit = decode({ exit_reason: number });
    assertEquals(exit, { name: "UNNAMED", number });
    assertEquals(formatExit(exit), `KVM_EXIT_? (${number})`);
  }
});

Deno.test("decodeExit() gives exits without fields by name alone", () => {
  for (const name of ["HLT", "SHUTDOWN", "INTR", "IRQ_WINDOW_OPEN", "NMI", "NOTIFY"] as const) {
    const exit = decode({ exit_reason: EXIT_REASON[name], "internal.ndata": 16 });
    assertEquals({ ...exit }, { name, number: EXIT_REASON[name] });
    assertEquals(formatExit(exit), `KVM_EXIT_${name} (${EXIT_REASON[name]})`);
  }
});

Deno.test("decodeExit() makes objects of the exits that are answered", () => {
  assert(decode({ exit_reason: EXIT_REASON.IO }) instanceof IoExit);
  assert(decode({ exit_reason: EXIT_REASON.MMIO }) instanceof MmioExit);
  assert(decode({ exit_reason: EXIT_REASON.X86_RDMSR }) instanceof RdmsrExit);
  assert(decode({ exit_reason: EXIT_REASON.X86_WRMSR }) instanceof WrmsrExit);
});

Deno.test("decodeExit() reads the hardware's reason of UNKNOWN", () => {
  const exit = decode({ exit_reason: 0, "hw.hardware_exit_reason": 0x8000_0021n });
  assertEquals(exit, { name: "UNKNOWN", number: 0, hardwareReason: 0x8000_0021n });
  assertEquals(formatExit(exit), "KVM_EXIT_UNKNOWN (0) hardware reason 0x80000021");
});

Deno.test("decodeExit() reads the hardware's reason and the CPU of FAIL_ENTRY", () => {
  const exit = decode({
    exit_reason: 9,
    "fail_entry.hardware_entry_failure_reason": 2n ** 64n - 1n,
    "fail_entry.cpu": 63,
  });
  assertEquals(exit, { name: "FAIL_ENTRY", number: 9, hardwareReason: 2n ** 64n - 1n, cpu: 63 });
  assertEquals(formatExit(exit), "KVM_EXIT_FAIL_ENTRY (9) hardware reason 0xffffffffffffffff");
});

Deno.test("decodeExit() reads as many words of INTERNAL_ERROR as the kernel attached", () => {
  const words = Array.from({ length: 16 }, (_, i) => BigInt(i + 1));
  const head = { exit_reason: 17, "internal.suberror": 3, "internal.data": words };
  const some = decode({ ...head, "internal.ndata": 2 });
  assertEquals(some, { name: "INTERNAL_ERROR", number: 17, suberror: 3, data: [1n, 2n] });
  assertEquals(
    formatExit(some),
    "KVM_EXIT_INTERNAL_ERROR (17) suberror DELIVERY_EV (3) data 0x1 0x2",
  );
  const all = decode({ ...head, "internal.ndata": 0xffff_ffff });
  assert(all.name === "INTERNAL_ERROR");
  assertEquals(all.data, words);
});

Deno.test("formatExit() keeps the number of a suberror without a name", () => {
  assertEquals(
    formatExit(decode({ exit_reason: 17, "internal.suberror": 77 })),
    "KVM_EXIT_INTERNAL_ERROR (17) suberror ? (77) data",
  );
});

Deno.test("decodeExit() reads vector, address and debug registers of DEBUG", () => {
  const exit = decode({
    exit_reason: 4,
    "debug.arch.exception": 1,
    "debug.arch.pc": 0xffff_8000_0000_1000n,
    "debug.arch.dr6": 0x4ff0n,
    "debug.arch.dr7": 0x401n,
  });
  assertEquals(exit, {
    name: "DEBUG",
    number: 4,
    exception: 1,
    pc: 0xffff_8000_0000_1000n,
    dr6: 0x4ff0n,
    dr7: 0x401n,
  });
  assertEquals(formatExit(exit), "KVM_EXIT_DEBUG (4) vector 1 at 0xffff800000001000, DR6 0x4ff0");
});

Deno.test("decodeExit() reads vector and error code of EXCEPTION", () => {
  const exit = decode({ exit_reason: 1, "ex.exception": 14, "ex.error_code": 7 });
  assertEquals(exit, { name: "EXCEPTION", number: 1, exception: 14, errorCode: 7 });
  assertEquals(formatExit(exit), "KVM_EXIT_EXCEPTION (1) vector 14 error code 7");
});

Deno.test("decodeExit() reads number and arguments of HYPERCALL", () => {
  const args = [1n, 2n, 3n, 4n, 5n, 6n];
  const exit = decode({ exit_reason: 3, "hypercall.nr": 12n, "hypercall.args": args });
  assertEquals(exit, { name: "HYPERCALL", number: 3, nr: 12n, args });
  assertEquals(formatExit(exit), "KVM_EXIT_HYPERCALL (3) nr 12");
});

Deno.test("decodeExit() reads type and words of SYSTEM_EVENT", () => {
  const exit = decode({
    exit_reason: 24,
    "system_event.type": 2,
    "system_event.ndata": 1,
    "system_event.data": [9n, 8n],
  });
  assertEquals(exit, { name: "SYSTEM_EVENT", number: 24, type: 2, data: [9n] });
  assertEquals(formatExit(exit), "KVM_EXIT_SYSTEM_EVENT (24) type 2");
});

Deno.test("formatExit() of an answered exit is the exit's own line", () => {
  const exit = decode({
    exit_reason: 30,
    "msr.reason": 4,
    "msr.index": 0x174,
    "msr.data": 0x10n,
  });
  assertEquals(
    formatExit(exit),
    "KVM_EXIT_X86_WRMSR (30) IA32_SYSENTER_CS (0x174) data 0x10 reason filter",
  );
});
