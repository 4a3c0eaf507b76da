/**
 * Tests that cannot run everywhere, and say why.
 *
 * @module
 */

/**
 * Registers the test `name`; where `reason` says why it cannot run here, it is
 * ignored and its name has the reason.
 */
export function testUnless(
  reason: string | undefined,
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  Deno.test({
    name: reason === undefined ? name : `${name} [ignored: ${reason}]`,
    ignore: reason !== undefined,
    fn,
  });
}

/** Why a test of what is the same everywhere is left out in a sandbox, if this is one. */
export function slowInSandbox(): string | undefined {
  return Deno.env.has("TRAPLINE_SANDBOX")
    ? "it is for the host: on an emulated processor it takes long and shows nothing new"
    : undefined;
}
