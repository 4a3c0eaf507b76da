import { assertEquals } from "@std/assert";
import { exampleExecution } from "../results/example_runs.ts";
import { failureParts } from "./failure_text.ts";

Deno.test("failureParts() takes apart what a GuestAssertionError says", () => {
  assertEquals(failureParts(`${exampleExecution("deviates").failure}\nTo repeat: deno task test`), {
    wanted: "KVM_EXIT_X86_RDMSR (29)",
    got: "KVM_EXIT_IO (2) out port 0xe0 <1 byte>",
    where: "Guest (long mode) around RIP 0x6156",
    code:
      "     00006150  0f 32  rdmsr\n     00006154  e6 e0  out 0xe0, al\n  => 00006156  f4     hlt",
    registers: "  rax=0000000000001234 rbx=0000000000000000",
    exits: "  1. KVM_EXIT_IO (2) out port 0xe0 1 x 1 byte data 34",
  });
});

Deno.test("failureParts() keeps whatever else a test says as it is", () => {
  const text = "Values are not equal\n\n-   1\n+   2";
  assertEquals(failureParts(text), { text });
  assertEquals(failureParts("At 0x10\nGuest (real mode) around RIP 0x1:\n  hlt"), {
    text: "At 0x10",
    where: "Guest (real mode) around RIP 0x1",
    code: "  hlt",
  });
});
