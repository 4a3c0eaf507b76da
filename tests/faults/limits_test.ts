/**
 * Limits of the process: open files, address space, queued signals.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { denoRun, program } from "../support/deno_run.ts";
import { kvmTest } from "../support/kvm_testing.ts";
import type { Steps } from "../support/limited.ts";

const FILES = "Raise the limit of open files (ulimit -n), or close some";

/** Runs the program that meets a limit, under the command that sets it. */
function meet(which: string, [command, ...set]: readonly [string, ...string[]]): Steps {
  const { code, stdout, stderr } = new Deno.Command(command, {
    args: [...set, ...denoRun("tests/support/limited.ts", which)],
    stdin: "null",
  }).outputSync();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

kvmTest("where no descriptor is left, each call says so and the next one works", () => {
  const { run, census, ...refused } = meet("descriptors", [
    "sh",
    "-c",
    'ulimit -n 30 && exec "$0" "$@"',
  ]);
  assertEquals([run, census], ["ok", '{"fds":5,"mappings":4}']);
  const starts: Readonly<Record<string, string>> = {
    open: 'KvmUnavailableError: Cannot open "/dev/kvm": EMFILE (24)',
    createVm: "KvmError: KVM_CREATE_VM failed: EMFILE (24)",
    "memory.add": "SystemError: memfd_create failed: EMFILE (24)",
    createVcpu: "KvmError: KVM_CREATE_VCPU failed: EMFILE (24)",
    stats: "KvmError: KVM_GET_STATS_FD failed: EMFILE (24)",
    boot: "SystemError: memfd_create failed: EMFILE (24)",
    thread: "SystemError: open failed: EMFILE (24): 8 more descriptors are needed",
  };
  assertEquals(Object.keys(refused), Object.keys(starts));
  for (const [step, message] of Object.entries(refused)) {
    assertEquals(message, `${starts[step]}. ${FILES}`);
  }
}, { requires: [program("sh")] });

kvmTest("guest memory that the address space has no room for is refused whole", () => {
  const steps = meet("memory", ["env"]);
  const message = steps["memory.add"] ?? "";
  assert(message.startsWith("SystemError: mmap failed: ENOMEM (12): 2147483648 bytes"), message);
  assert(message.includes("raise what limits this process: ulimit -v"), message);
  assertEquals(steps, {
    prlimit: "ok",
    "memory.add": message,
    run: "ok",
    slots: "0",
    census: '{"fds":2,"mappings":0}',
  });
}, { requires: [program("prlimit")] });

kvmTest("a watchdog that gets no timer says which limit is too low", () => {
  assertEquals(meet("signals", ["prlimit", "--sigpending=0", "--"]), {
    run: "SystemError: timer_create failed: EAGAIN (11): raise the limit of queued signals " +
      "(ulimit -i)",
  });
}, { requires: [program("prlimit")] });
