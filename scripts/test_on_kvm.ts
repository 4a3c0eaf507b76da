/**
 * Tests of scripts that need a KVM.
 *
 * @module
 */
import { Kvm } from "@trapline/trapline";
import { facts } from "../tests/support/facts.ts";
import { isRequired } from "../tests/support/required.ts";

/**
 * Registers a test that is given the KVM of this host. Without a usable one it
 * is ignored, and its name says why; `TRAPLINE_REQUIRE=kvm` makes that a failure.
 */
export function testOnKvm(name: string, body: (kvm: Kvm) => void | Promise<void>): void {
  const { unavailable } = facts();
  Deno.test({
    name: unavailable === undefined ? name : `${name} [undecided: ${unavailable}]`,
    ignore: unavailable !== undefined && !isRequired("kvm"),
    fn: async () => {
      using kvm = Kvm.open();
      await body(kvm);
    },
  });
}
