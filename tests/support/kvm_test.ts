/**
 * Tests that need a KVM. This file registers none itself.
 *
 * @module
 */
import { Kvm } from "@trapline/trapline";
import { withCensus } from "./census.ts";
import { type Facts, facts } from "./facts.ts";
import { isRequired } from "./required.ts";
import type { Requirement } from "./requirements.ts";

/** What the body of a test is given. */
export interface KvmTestContext {
  /** The KVM of this host, opened for this test alone and closed after it. */
  readonly kvm: Kvm;
  /** What is known of this host. */
  readonly facts: Facts;
}

/** What a test needs beside a usable KVM. */
export interface KvmTestOptions {
  /** All must be met, or the test is ignored for the first one's reason. */
  readonly requires?: readonly Requirement[];
}

function obstacle(options: KvmTestOptions): string | undefined {
  const known = facts();
  if (known.unavailable !== undefined) return known.unavailable;
  for (const requirement of options.requires ?? []) {
    const reason = requirement(known);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/**
 * Registers the test `name`, which is given a KVM and must leave no descriptor
 * and no mapping of it behind.
 *
 * Where it cannot run it is an ignored test whose name says why; without a
 * usable KVM, `TRAPLINE_REQUIRE=kvm` makes that a failure.
 */
export function kvmTest(
  name: string,
  body: (context: KvmTestContext) => void,
  options: KvmTestOptions = {},
): void {
  const reason = obstacle(options);
  const mustRun = isRequired("kvm") && facts().unavailable !== undefined;
  Deno.test({
    name: reason === undefined ? name : `${name} [ignored: ${reason}]`,
    ignore: reason !== undefined && !mustRun,
    fn: () =>
      withCensus(`"${name}"`, () => {
        using kvm = Kvm.open();
        body({ kvm, facts: facts() });
      }),
  });
}
