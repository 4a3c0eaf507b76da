/**
 * Compares what `kvm/abi` declares with what C says: every export becomes
 * probes, the probes become one C program, and the numbers that the compiler
 * writes into its assembly are held against the declared ones. Pure;
 * `c_compiler.ts` does the compiling.
 *
 * @module
 */

/** One declared number, and the C expression that must equal it. */
export interface Probe {
  /** The C expression, `offsetof(struct kvm_run, msr.index)`. */
  readonly expression: string;
  /** What `kvm/abi` says it is. */
  readonly declared: number;
  /** The macro without which the header cannot know the expression. */
  readonly guard?: string;
  /** How a header may come to lack the guard: not at all without this. */
  readonly absence?: Absence;
}

/**
 * `listed`: `LATER` names it. Any other word is the prefix of a numbering that
 * only grows at its end, so an older header can lack the last numbers and none before them.
 */
type Absence = "listed" | "KVM_CAP_" | "KVM_EXIT_";

/** The result of a comparison. */
export interface HeaderReport {
  /** How many numbers C knows and gives the same value. */
  readonly agreed: number;
  /** One sentence for each number that is wrong or should not be absent. */
  readonly differences: readonly string[];
  /** The expressions that this header is too old to know. */
  readonly absent: readonly string[];
}

/** The headers that the program includes. */
export const HEADERS = [
  "errno.h",
  "fcntl.h",
  "signal.h",
  "stddef.h",
  "sys/mman.h",
  "time.h",
  "linux/kvm.h",
  "asm/kvm.h",
  "asm/kvm_para.h",
] as const;

/** Records of numbers, each key a C macro without this prefix. */
const PREFIXES: Readonly<Record<string, string>> = {
  CAP: "KVM_CAP_",
  ERRNO: "",
  EXIT_REASON: "KVM_EXIT_",
  INTERNAL_ERROR: "KVM_INTERNAL_ERROR_",
  POSIX: "",
};

/** Arrays of names whose index is the value of the C macro with this prefix. */
const NAME_ARRAYS: Readonly<Record<string, string>> = { KVM_MP_STATE_NAMES: "KVM_MP_STATE_" };

/** Numbers that C has an expression for, but no macro. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  KERNEL_SIGSET_SIZE: "(_NSIG - 1) / 8",
  GLIBC_SIGSET_SIZE: "sizeof(sigset_t)",
};

/** Members that C libraries lay out under different names, and the macro they share. */
const MEMBER_MACROS: Readonly<Record<string, string>> = {
  "sigevent._sigev_un._tid": "sigev_notify_thread_id",
};

/**
 * What the header of Linux 5.10 lacks, and the macro that arrived with it.
 * A key is a macro, a structure, or a structure with the start of a member's path.
 */
const LATER: Readonly<Record<string, string>> = {
  KVM_GET_STATS_FD: "KVM_GET_STATS_FD",
  MSR_KVM_MIGRATION_CONTROL: "MSR_KVM_MIGRATION_CONTROL",
  "kvm_run.notify": "KVM_EXIT_NOTIFY",
  "kvm_run.system_event.data": "KVM_CAP_SYSTEM_EVENT_DATA",
  "kvm_run.system_event.ndata": "KVM_CAP_SYSTEM_EVENT_DATA",
  kvm_stats_desc: "KVM_GET_STATS_FD",
  kvm_stats_header: "KVM_GET_STATS_FD",
  "kvm_vcpu_events.triple_fault": "KVM_VCPUEVENT_VALID_TRIPLE_FAULT",
};

interface StructLike {
  readonly name: string;
  readonly size: number;
  readonly fields: Readonly<Record<string, { readonly offset: number; readonly size: number }>>;
}

interface IoctlLike {
  readonly name: string;
  readonly request: number;
  readonly size: number;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isStruct(value: unknown): value is StructLike {
  return isRecord(value) && typeof value.name === "string" && typeof value.size === "number" &&
    isRecord(value.fields);
}

function isIoctl(value: unknown): value is IoctlLike {
  return isRecord(value) && typeof value.name === "string" && typeof value.size === "number" &&
    typeof value.request === "number";
}

function notCovered(name: string): TypeError {
  return new TypeError(`Cannot check "${name}" of kvm/abi against the C headers: not covered`);
}

/** The macro that arrived with `name`, or with the longest listed start of it. */
function laterGuard(name: string): string | undefined {
  const parts = name.split(".");
  for (let end = parts.length; end > 0; end--) {
    const guard = LATER[parts.slice(0, end).join(".")];
    if (guard !== undefined) return guard;
  }
  return undefined;
}

function layoutProbe(path: string, expression: string, declared: number): Probe {
  const guard = laterGuard(path);
  return guard === undefined
    ? { expression, declared }
    : { expression, declared, guard, absence: "listed" };
}

function structProbes({ name, size, fields }: StructLike): Probe[] {
  const probes = [layoutProbe(name, `sizeof(struct ${name})`, size)];
  for (const [path, field] of Object.entries(fields)) {
    const key = `${name}.${path}`;
    const member = MEMBER_MACROS[key] ?? path;
    probes.push(
      layoutProbe(key, `offsetof(struct ${name}, ${member})`, field.offset),
      layoutProbe(key, `sizeof(((struct ${name} *)0)->${member})`, field.size),
    );
  }
  return probes;
}

function macroProbe(macro: string, declared: number, prefix = ""): Probe {
  const probe = { expression: macro, declared, guard: macro };
  if (prefix === "KVM_CAP_" || prefix === "KVM_EXIT_") return { ...probe, absence: prefix };
  return laterGuard(macro) === undefined ? probe : { ...probe, absence: "listed" };
}

function ioctlProbes({ name, request, size }: IoctlLike): Probe[] {
  const number = macroProbe(name, request);
  return [number, { ...number, expression: `_IOC_SIZE(${name})`, declared: size }];
}

/** The header names the paravirtual MSRs; all other indices are the processor's. */
function msrProbes(msrs: Readonly<Record<string, unknown>>): Probe[] {
  return Object.entries(msrs).flatMap(([name, index]) => {
    if (typeof index !== "number") throw notCovered(`Msr.${name}`);
    return name.startsWith("KVM_") ? [macroProbe(`MSR_${name}`, index)] : [];
  });
}

function recordProbes(name: string, record: Readonly<Record<string, unknown>>): Probe[] {
  if (name === "Msr") return msrProbes(record);
  const prefix = Array.isArray(record) ? NAME_ARRAYS[name] : PREFIXES[name];
  return Object.entries(record).flatMap(([key, value]) => {
    if (isIoctl(value)) return ioctlProbes(value);
    if (prefix !== undefined && typeof value === "number") {
      return [macroProbe(prefix + key, value, prefix)];
    }
    if (prefix !== undefined && typeof value === "string") {
      return [macroProbe(prefix + value, Number(key))];
    }
    throw notCovered(`${name}.${key}`);
  });
}

/**
 * Returns the probes of all exports of `kvm/abi`; functions have none.
 *
 * @throws {TypeError} If an export is of no kind that can be checked.
 */
export function abiProbes(exports: Readonly<Record<string, unknown>>): Probe[] {
  return Object.entries(exports).flatMap(([name, value]) => {
    if (typeof value === "function") return [];
    if (isStruct(value)) return structProbes(value);
    if (isRecord(value)) return recordProbes(name, value);
    const expression = EXPRESSIONS[name];
    if (typeof value !== "number") throw notCovered(name);
    if (expression !== undefined) return [{ expression, declared: value }];
    if (name.startsWith("KVM_")) return [macroProbe(name, value)];
    throw notCovered(name);
  });
}

/**
 * The C program whose assembly says `probe INDEX VALUE` for each probe that the
 * header knows. It is never run: the answers are constants, written into strings
 * by inline assembly, because an assembler reads nothing but a directive there.
 */
export function headerProgram(probes: readonly Probe[]): string {
  const says = probes.map(({ expression, guard }, index) => {
    const say = `  __asm__(".ascii \\"probe ${index} %0\\"" : : "i"((long long)(${expression})));`;
    return guard === undefined ? say : `#ifdef ${guard}\n${say}\n#endif`;
  });
  return [
    "#define _GNU_SOURCE",
    ...HEADERS.map((header) => `#include <${header}>`),
    "#ifndef __x86_64__",
    "#error this compiler is not for x86-64",
    "#endif",
    // musl defines the macro; glibc leaves it to the kernel's header, which clashes with <signal.h>.
    "#ifndef sigev_notify_thread_id",
    "#define sigev_notify_thread_id _sigev_un._tid",
    "#endif",
    "void probes(void) {",
    ...says,
    "}",
    "",
  ].join("\n");
}

/** Small numbers in decimal, ioctls and MSRs as the manuals write them. */
function show(value: number): string {
  return Math.abs(value) < 0x10000 ? `${value}` : `0x${value.toString(16)}`;
}

/** Holds the assembly of the program of `probes` against what they declare. */
export function compareHeader(probes: readonly Probe[], assembly: string): HeaderReport {
  const answers = new Map(
    Array.from(
      assembly.matchAll(/\.ascii\s+"probe (\d+) \$?(-?\d+)"/g),
      ([, index, value]) => [Number(index), Number(value)],
    ),
  );
  const last = new Map<Absence, number>();
  probes.forEach(({ absence, declared }, index) => {
    if (absence === undefined || !answers.has(index)) return;
    last.set(absence, Math.max(declared, last.get(absence) ?? 0));
  });
  let agreed = 0;
  const differences: string[] = [];
  const absent: string[] = [];
  probes.forEach(({ expression, declared, absence }, index) => {
    const answer = answers.get(index);
    const isAfterLast = absence !== undefined && declared > (last.get(absence) ?? Infinity);
    if (answer === declared) agreed++;
    else if (answer !== undefined) {
      differences.push(`${expression}: kvm/abi declares ${show(declared)}, C says ${show(answer)}`);
    } else if (absence === "listed" || isAfterLast) absent.push(expression);
    else differences.push(`${expression}: kvm/abi declares ${show(declared)}, the header lacks it`);
  });
  return { agreed, differences, absent };
}
