/**
 * The README's table of permissions, held against the command lines.
 */
import { assertEquals } from "@std/assert";
import { ROOT } from "./program.ts";
import type { Task } from "./trapline.ts";
import { TASKS } from "./with_kvm.ts";

const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`)) as {
  readonly tasks: Readonly<Record<string, Task>>;
};

/** What a permission is called in the table, the variables among them by name. */
function namesOf(args: readonly string[]): string[] {
  return args.flatMap((arg) => {
    const [, name, values] = /^--allow-(ffi|read|write|run|env)(?:=(.*))?$/.exec(arg) ?? [];
    if (name === undefined) return [];
    return values === undefined ? [name] : [`${name} (${values.replaceAll(",", ", ")})`];
  }).toSorted();
}

/** The permissions of the process that does the work of task `name`. */
function allowed(name: string): string[] {
  const inKvm = TASKS[name];
  if (inKvm !== undefined) return namesOf(inKvm.command);
  const args = tasks[name]!.command.split(" ");
  return namesOf(args.slice(args.indexOf("scripts/launch.ts") + 1));
}

/** The second table: the permissions by task. */
function documented(): ReadonlyMap<string, string[]> {
  const readme = Deno.readTextFileSync(`${ROOT}/README.md`);
  const table = /\n\| task +\| what its work is allowed +\|\n\|.*\|\n((?:\|.*\|\n)+)/.exec(readme)
    ?.[1];
  const rows = (table ?? "").trim().split("\n").map((row) =>
    row.split("|").map((cell) => cell.trim())
  );
  return new Map(rows.flatMap(([, names = "", what = ""]) => {
    const list = what.split(":")[0]!.replaceAll("`", "");
    const permissions = list.match(/\w+(?: \([^)]*\))?/g)!.toSorted();
    return names.split(", ").map((name) => [name.replaceAll("`", ""), permissions] as const);
  }));
}

Deno.test("the README says what each task's work is allowed, of every task", () => {
  const table = documented();
  for (const name of Object.keys(tasks)) {
    assertEquals([name, table.get(name)], [name, allowed(name)]);
  }
  assertEquals([...table.keys()].toSorted(), Object.keys(tasks).toSorted());
});
