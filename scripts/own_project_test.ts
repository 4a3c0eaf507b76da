import { kvmTest } from "../tests/support/kvm_testing.ts";
import { assertPasses, commandFor } from "./own_project.ts";

// Checking types takes minutes in a sandbox, and own_project_sandbox_test.ts runs the project there.
const isInside = Deno.env.get("TRAPLINE_SANDBOX") !== undefined;

kvmTest(
  "the README's project of one's own passes on this host as it stands",
  () => assertPasses(commandFor("host")),
  { requires: [() => isInside ? "this is a sandbox already" : undefined] },
);
