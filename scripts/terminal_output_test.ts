import { assert, assertEquals, assertMatch } from "@std/assert";
import { facts } from "../tests/support/facts.ts";
import { register } from "../tests/support/kvm_testing.ts";
import { denoArguments, offlineSource } from "./launch.ts";
import { ROOT } from "./program.ts";

/** Changes of colour and weight; other escape codes move and erase. */
// deno-lint-ignore no-control-regex
const PAINT = /\x1b\[[0-9;]*m/;

/** A script with its arguments. */
type Command = readonly [script: string, ...args: string[]];

/** Every task that ends within seconds, and what it draws while it works, if it takes longer. */
const COMMANDS: readonly { readonly command: Command; readonly progress?: RegExp }[] = [
  { command: ["scripts/doctor.ts"] },
  { command: ["scripts/demo.ts"] },
  { command: ["scripts/verify.ts", "--filter", "C-*"], progress: /1 of 4 clauses: C-01/ },
  {
    command: ["scripts/sweep.ts", "--ranges", "0x10-0x13"],
    progress: /\[#+\.*\] +\d+ % {2}reads/,
  },
  {
    command: ["scripts/fuzz.ts", "--seed", "1", "--filters", "1", "--save", "build/fuzz"],
    progress: /\[\.+\] +0 % {2}0 filters, 0 accesses\/s, 0 disagreements/,
  },
  {
    command: ["scripts/race.ts", "--seconds", "0.1", "--vcpus", "1"],
    progress: /1 of 5 races: filters swapped/,
  },
];

function argumentsOf(command: Command): string[] {
  return denoArguments(["run", "--quiet", "--no-check", "-A", ...command], offlineSource());
}

/** What `command` shows on a terminal of its own, which script(1) of util-linux makes. */
async function onTerminal(
  command: Command,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const line = [Deno.execPath(), ...argumentsOf(command)].map((word) => `'${word}'`).join(" ");
  const { stdout } = await new Deno.Command("script", {
    args: ["-q", "-e", "-c", line, "/dev/null"],
    cwd: ROOT,
    env: { NO_COLOR: "", TERM: "xterm", ...env },
    stdin: "null",
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}

async function intoPipes(command: Command): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: argumentsOf(command),
    cwd: ROOT,
    env: { NO_COLOR: "" },
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return decode(stdout) + decode(stderr);
}

async function whyNoTerminal(): Promise<string | undefined> {
  try {
    await new Deno.Command("script", { args: ["--version"], stdout: "null" }).output();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "script(1) of util-linux is not there";
    throw error;
  }
}

const reason = facts().unavailable ??
  (Deno.env.has("TRAPLINE_SANDBOX") ? "it is for the host" : await whyNoTerminal());

for (const { command, progress } of COMMANDS) {
  const name = command.join(" ");

  register(`${name} paints nothing on a terminal with NO_COLOR`, "ignored", reason, async () => {
    const plain = await onTerminal(command, { NO_COLOR: "1" });
    assert(!PAINT.test(plain), plain);
    assert(plain.length > 0);
  });

  if (progress === undefined) continue;
  register(`${name} shows how far it is on a terminal alone`, "ignored", reason, async () => {
    assertMatch(await onTerminal(command, {}), progress);
    const text = await intoPipes(command);
    assertEquals([progress.test(text), PAINT.test(text), text.includes("\r")], [
      false,
      false,
      false,
    ]);
  });
}

register("doctor.ts and verify.ts paint on a terminal", "ignored", reason, async () => {
  for (const { command } of COMMANDS.filter(({ command: [name] }) => /doctor|verify/.test(name))) {
    assertMatch(await onTerminal(command, {}), PAINT);
  }
});
