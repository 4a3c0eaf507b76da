/**
 * Tests that need a KVM. This file registers none itself.
 *
 * @module
 */
import { Kvm } from "@trapline/trapline";
import { withCensus } from "./census.ts";
import { type Facts, facts } from "./facts.ts";
import { isRequired } from "./required.ts";
import { obstacle, type Requirement } from "./requirements.ts";

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

/**
 * Registers a test that needs a KVM and, when `reason` is given, cannot run:
 * it is ignored then and its name says why as `label`; without a usable KVM,
 * `TRAPLINE_REQUIRE=kvm` makes that a failure.
 */
export function register(
  name: string,
  label: string,
  reason: string | undefined,
  fn: () => void | Promise<void>,
): void {
  const mustRun = isRequired("kvm") && facts().unavailable !== undefined;
  Deno.test({
    name: reason === undefined ? name : `${name} [${label}: ${reason}]`,
    ignore: reason !== undefined && !mustRun,
    fn,
  });
}

/**
 * Registers the test `name`, which is given a KVM and must leave no descriptor
 * and no mapping of it behind; it ends when the promise of `body` does.
 *
 * Where it cannot run it is an ignored test whose name says why; without a
 * usable KVM, `TRAPLINE_REQUIRE=kvm` makes that a failure.
 */
export function kvmTest(
  name: string,
  body: (context: KvmTestContext) => void | Promise<void>,
  options: KvmTestOptions = {},
): void {
  register(
    name,
    "ignored",
    obstacle(options.requires ?? []),
    () =>
      withCensus(`"${name}"`, async () => {
        using kvm = Kvm.open();
        await body({ kvm, facts: facts() });
      }),
  );
}
