/**
 * What the guest is told of a run: the files below `/trapline`, which the first
 * process reads.
 *
 * @module
 */
import { quoteForShell } from "./exchange.ts";

/** A parameter of a kernel module. */
export interface ModuleParameter {
  readonly module: string;
  readonly name: string;
  readonly value: string;
}

/** What the guest is told. */
export interface GuestSettings {
  /** The command and its arguments. */
  readonly command: readonly string[];
  /** Where it runs. */
  readonly directory: string;
  /** Another folder that the exchange disk has. */
  readonly program: string | undefined;
  /** Its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it gets a terminal. */
  readonly terminal: boolean;
  readonly parameters: readonly ModuleParameter[];
  /** Paths of results, from the directory. */
  readonly results: readonly string[];
}

const PARAMETER = /^(?:(\w+)\.)?(\w+)=(\S*)$/;

/**
 * Reads a parameter in the form `NAME=VALUE`, which is of `kvm`, or
 * `MODULE.NAME=VALUE`.
 *
 * @throws `SyntaxError` for anything else.
 */
export function parseParameter(text: string): ModuleParameter {
  const match = PARAMETER.exec(text);
  if (match === null) {
    throw new SyntaxError(
      `Cannot read the module parameter "${text}": it is not of the form [MODULE.]NAME=VALUE`,
    );
  }
  return { module: match[1] ?? "kvm", name: match[2]!, value: match[3]! };
}

/** Lets `MSR` accesses of a guest go through KVM's emulator behind a prefix, for comparison. */
const DEFAULT_PARAMETERS: readonly ModuleParameter[] = [
  { module: "kvm", name: "force_emulation_prefix", value: "1" },
];

function parameterLines(parameters: readonly ModuleParameter[]): string[] {
  const all = new Map<string, Map<string, string>>();
  for (const { module, name, value } of [...DEFAULT_PARAMETERS, ...parameters]) {
    const values = all.get(module) ?? new Map<string, string>();
    all.set(module, values.set(name, value));
  }
  return [...all].map(([module, values]) => {
    const words = [...values].map(([name, value]) => `${name}=${value}`).join(" ");
    return `PARAMETERS_${module.replaceAll("-", "_")}=${quoteForShell(words)}`;
  });
}

/** The files by their names. */
export function guestFiles(settings: GuestSettings): Record<string, string> {
  const { command, directory, program, env, terminal, parameters, results } = settings;
  const lines = [
    `DIRECTORY=${quoteForShell(directory)}`,
    ...(program === undefined ? [] : [`PROGRAM=${quoteForShell(program)}`]),
    `TERMINAL=${terminal ? "yes" : "no"}`,
    ...parameterLines(parameters),
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoteForShell(value)}`),
  ];
  return {
    settings: lines.join("\n") + "\n",
    command: `exec ${command.map(quoteForShell).join(" ")}\n`,
    wanted: results.map((path) => `${path}\n`).join(""),
  };
}
