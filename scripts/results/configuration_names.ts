/**
 * Names of configurations that tell them apart: many hosts call themselves `host`.
 *
 * @module
 */
import type { HostRecord } from "./format.ts";

/** What tells machines apart, from what a reader knows best on. */
const TRAITS: readonly ((host: HostRecord) => readonly string[])[] = [
  ({ kernel }) => [kernel],
  ({ cpu }) => [cpu],
  ({ modules }) => [Object.keys(modules).filter((name) => name !== "kvm").join(" ")],
  ({ modules }) =>
    Object.entries(modules).flatMap(([module, parameters]) =>
      Object.entries(parameters).map(([name, value]) => `${module}.${name}=${value}`)
    ),
];

/** What each of `hosts` has of a trait and not all of them have. */
function differing(hosts: readonly HostRecord[], trait: (typeof TRAITS)[number]): string[][] {
  const traits = hosts.map((host) => new Set(trait(host)));
  return traits.map((own) =>
    [...own].filter((text) => text !== "" && !traits.every((each) => each.has(text)))
  );
}

function tellApart(hosts: readonly HostRecord[]): string[] {
  const found = hosts.map((): string[] => []);
  for (const trait of TRAITS) {
    const texts = found.map((parts) => parts.join());
    if (new Set(texts).size === hosts.length) break;
    differing(hosts, trait).forEach((parts, i) => found[i]!.push(...parts));
  }
  return found.map((parts) => parts.join(", "));
}

/**
 * A name for each of `groups`, which are runs on equal machines, by its key:
 * the one its first run has, with what tells it from others of that name.
 */
export function nameConfigurations(
  groups: ReadonlyMap<
    string,
    readonly { readonly configuration: string; readonly host: HostRecord }[]
  >,
): Map<string, string> {
  const alike = Map.groupBy(groups, ([, runs]) => runs[0]!.configuration);
  const names = new Map<string, string>();
  for (const [name, namesakes] of alike) {
    const parts = tellApart(namesakes.map(([, runs]) => runs[0]!.host));
    namesakes.forEach(([key], i) =>
      names.set(key, namesakes.length === 1 ? name : `${name} (${parts[i]})`)
    );
  }
  return names;
}
