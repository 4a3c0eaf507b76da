/**
 * Checks that every public name is documented, and that every public class and
 * function has an example.
 *
 * Constants, interfaces and type aliases need none: they are what the examples
 * of functions and classes are made of.
 *
 * @module
 */

/** The part of `deno doc --json` that is looked at. */
export interface Docs {
  readonly nodes: Readonly<Record<string, { readonly symbols: readonly DocSymbol[] }>>;
}

interface DocSymbol {
  readonly name: string;
  readonly declarations: readonly {
    readonly kind: string;
    readonly location: { readonly filename: string; readonly line: number };
    readonly jsDoc?: {
      readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
    };
  }[];
}

const NEED_EXAMPLES: ReadonlySet<string> = new Set(["class", "function"]);

function exampleFault({ name, declarations }: DocSymbol, root: string): string | undefined {
  const location = declarations[0]?.location;
  // What is passed on from a library has its examples there.
  if (!location?.filename.startsWith(root)) return undefined;
  if (!declarations.some(({ kind }) => NEED_EXAMPLES.has(kind))) return undefined;
  const examples = declarations.flatMap(({ jsDoc }) => jsDoc?.tags ?? [])
    .filter(({ kind }) => kind === "example");
  const where = `${location.filename.slice(root.length)}:${location.line}`;
  if (examples.length === 0) return `${where}: ${name} has no @example`;
  const assert = examples.every(({ doc = "" }) => /^```ts$[^]*\bassert/m.test(doc));
  return assert ? undefined : `${where}: an @example of ${name} does not run and assert`;
}

/** The public classes and functions below `root`, a file URL, without an example that asserts. */
export function exampleFaults({ nodes }: Docs, root: string): string[] {
  return Object.values(nodes).flatMap(({ symbols }) =>
    symbols.flatMap((symbol) => exampleFault(symbol, root) ?? [])
  );
}

/**
 * What `deno doc --lint` complains of in files below `root`, a path. What
 * `fast-check` leaves out of its own types is not ours to mend.
 */
export function lintFaults(complaints: string, root: string): string[] {
  return complaints.split(/^(?=error)/m).flatMap((complaint) => {
    const [, what, where] = /^error\[[\w-]+\]: (.*)\n *--> (\S+)/.exec(complaint) ?? [];
    return where?.startsWith(root) ? [`${where.slice(root.length)}: ${what}`] : [];
  });
}

async function denoDoc(args: readonly string[]): Promise<Deno.CommandOutput> {
  return await new Deno.Command("deno", {
    args: ["doc", "--quiet", ...args],
    env: { NO_COLOR: "1" },
  }).output();
}

async function main(): Promise<number> {
  const root = new URL("../../", import.meta.url);
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const modules = Object.values<string>(exports);
  const decoder = new TextDecoder();
  const [lint, json] = await Promise.all([
    denoDoc(["--lint", ...modules]),
    denoDoc(["--json", ...modules]),
  ]);
  const complaints = decoder.decode(lint.stderr);
  if (!json.success || (!lint.success && !complaints.startsWith("error["))) {
    console.error(`Cannot read the docs: ${complaints || decoder.decode(json.stderr)}`);
    return 1;
  }
  const faults = [
    ...lintFaults(complaints, root.pathname),
    ...exampleFaults(JSON.parse(decoder.decode(json.stdout)), root.href),
  ];
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
