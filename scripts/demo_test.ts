import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { deviceObstacle } from "../tests/support/facts.ts";
import { demonstrate, runDemo } from "./demo.ts";
import { runScript } from "./run_script.ts";
import { paintFor } from "./terminal.ts";
import { kvmTest } from "../tests/support/kvm_testing.ts";

kvmTest("demonstrate() shows the answer that the guest read, and the #GP it took", ({ kvm }) => {
  const lines = demonstrate(kvm, paintFor({ isTerminal: false }));
  const text = lines.join("\n");
  assertStringIncludes(text, "default allow; deny read IA32_SYSENTER_CS (0x174)");
  assertEquals(text.match(/exit {4}KVM_EXIT_X86_RDMSR \(29\).* reason filter/g)?.length, 2);
  assertStringIncludes(text, "guest   read EDX:EAX 0x1122334455667788");
  const [, rip] = /guest {3}took #GP \(13\) error code 0 at RIP 0x([0-9a-f]+)/.exec(text) ?? [];
  assert(rip !== undefined);
  assertMatch(text, new RegExp(`=> 0*${rip} {2}0f 32 .*rdmsr`));
});

kvmTest("demonstrate() fits on one screen", ({ kvm }) => {
  const lines = demonstrate(kvm, paintFor({ isTerminal: false }));
  assert(lines.length <= 45);
  assertEquals(lines.filter((line) => line.length > 100), []);
});

kvmTest("demonstrate() leaves nothing for a second run to trip over", ({ kvm }) => {
  const plain = paintFor({ isTerminal: false });
  assertEquals(demonstrate(kvm, plain), demonstrate(kvm, plain));
});

Deno.test("demo.ts prints without escape codes into a pipe, or says why it cannot", async () => {
  const { code, stdout, stderr } = await runScript("demo");
  const unavailable = deviceObstacle();
  assertEquals(stdout.includes("\x1b"), false);
  if (unavailable === undefined) {
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "Run 2: user space refuses");
  } else {
    assertEquals([code, stdout, stderr], [1, "", `${unavailable}\n`]);
  }
});

Deno.test("runDemo() returns 1 and prints the remedy where KVM cannot be used", () => {
  const { error } = console;
  const printed: string[] = [];
  console.error = (line: string) => printed.push(line);
  try {
    assertEquals(runDemo("/nonexistent"), 1);
  } finally {
    console.error = error;
  }
  assertMatch(printed.join("\n"), /^Cannot open "\/nonexistent": .*\. Load the module/);
});

Deno.test("demo.ts ends with status 2 for an unknown option", async () => {
  const { code, stdout, stderr } = await runScript("demo", ["--nope"]);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, "Usage: deno task demo");
});
