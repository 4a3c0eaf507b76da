/**
 * `kvm.ignore_msrs`, switched on for a while. It is one for the whole machine,
 * so that only a sandbox may have it switched.
 *
 * @module
 */
import type { Facts } from "./facts.ts";
import { ignoresUnknownMsrs } from "./requirements.ts";

const PARAMETER = "/sys/module/kvm/parameters/ignore_msrs";

/** `kvm.ignore_msrs` is on, or can be switched on because the machine is a sandbox. */
export function mayIgnoreUnknownMsrs(facts: Facts): string | undefined {
  if (Deno.env.has("TRAPLINE_SANDBOX")) return undefined;
  const off = ignoresUnknownMsrs(facts);
  return off && `${off}, and only in a sandbox is it switched`;
}

function set(value: "Y" | "N"): void {
  // Deno itself does not write below /sys.
  const { success, stderr } = new Deno.Command("sh", {
    args: ["-c", `echo ${value} >${PARAMETER}`],
    stdin: "null",
  }).outputSync();
  if (!success) throw new Error(`Cannot set ${PARAMETER}: ${new TextDecoder().decode(stderr)}`);
}

/** Switches the parameter on, if it is off, until what this gives is disposed of. */
export function ignoringUnknownMsrs(facts: Facts): Disposable {
  if (ignoresUnknownMsrs(facts) === undefined) return { [Symbol.dispose]: () => {} };
  set("Y");
  return { [Symbol.dispose]: () => set("N") };
}
