/**
 * An emulated machine that a sandbox runs on: what it is given, and what comes
 * out of it. QEMU is the AMD one, Bochs the Intel one.
 *
 * The guest side is the same on both. Three serial ports leave the machine:
 * the first (`ttyS0`) has the kernel's console, the second (`ttyS1`) what the
 * command prints to stdout, the third (`ttyS2`) what it prints to stderr. Two
 * disks are attached: the payload, only read, and the exchange disk, from
 * which the guest reads the user's files and onto which it writes its results.
 * The guest knows them by the labels of their file systems: which of them the
 * kernel finds first is not always the same.
 *
 * @module
 */

/** Whose processor is emulated, and so which KVM module runs. */
export type Vendor = "amd" | "intel";

/** What an emulated machine boots. */
export interface BootImage {
  /** Path of the kernel, a bzImage. */
  readonly kernel: string;
  /** Path of the ELF file inside the kernel, if the machine asked for it and it has the entry. */
  readonly elf?: string;
  /** Path of the initramfs, a cpio archive that is not compressed. */
  readonly initramfs: string;
  /** The kernel's command line, {@linkcode Machine.commandLine} included. */
  readonly commandLine: string;
  /** Path of the payload disk's image, raw; other runs read it at the same time. */
  readonly payload: string;
  /** Path of the exchange disk's image, raw, a multiple of 512 bytes, of this run alone. */
  readonly exchange: string;
  /** Memory of the machine, in MiB. */
  readonly memoryMib: number;
  /** How many processors the machine has. */
  readonly processors: number;
  /** A directory of this run alone, for whatever the machine needs; removed after the run. */
  readonly directory: string;
}

/** Programs that were installed on this machine or unpacked into the cache. */
export interface Tools {
  /** Where packages were unpacked: `usr/bin/...` and so on is below it; `/` when installed. */
  readonly root: string;
  /** Path of the program `name`, which may be below {@linkcode root} or the machine's own. */
  program(name: string): string;
  /** Variables that a program below {@linkcode root} needs, such as `LD_LIBRARY_PATH`. */
  readonly env: Readonly<Record<string, string>>;
}

/** Programs that are wanted, and where to have them from. */
export interface ToolRequest {
  /** Programs by name. */
  readonly programs: readonly string[];
  /** Debian packages that have them; dependencies come by themselves. */
  readonly packages: readonly string[];
  /**
   * The suite of Debian that has good ones, whatever the machine is; they come with all libraries.
   * Without it they are the machine's own release's.
   */
  readonly suite?: string;
  /** Whether the machine's own programs will do; asked only when all are there. */
  readonly willDo?: (tools: Tools) => Promise<boolean>;
}

/** How an emulator ended. */
export interface Ended {
  /** Its exit status; that of a signal is 128 more than the signal's number. */
  readonly code: number;
  /** What it complained of, or why the emulated processor stopped, when that is known. */
  readonly reason?: string;
}

/** An emulated machine that was started. */
export interface Run {
  /** What the kernel prints: the first serial port. */
  readonly console: ReadableStream<Uint8Array>;
  /** What the command prints to stdout: the second serial port. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** What the command prints to stderr: the third serial port. */
  readonly stderr: ReadableStream<Uint8Array>;
  /** Resolves when the emulator's process is gone, whatever the reason; it never rejects. */
  readonly ended: Promise<Ended>;
  /** Goes to the second serial port, if the machine can read from it. */
  readonly stdin?: WritableStream<Uint8Array>;
  /** Ends the emulator and every process it started, at once; harmless when it has ended. */
  kill(): void;
}

/** An emulator that can boot a sandbox. */
export interface Machine {
  /** Whose processor it emulates. */
  readonly vendor: Vendor;
  /** Its name, as people say it. */
  readonly name: string;
  /** The emulator for a machine with so many processors. */
  toolsFor(processors: number): ToolRequest;
  /** Kernel modules that the guest loads to see its disks, in any order; built-in ones are skipped. */
  readonly modules: readonly string[];
  /** Whether it can enter a kernel's ELF file by its PVH entry, which spares it the unpacking. */
  readonly entersElf: boolean;
  /** What the kernel must be told on this machine. */
  readonly commandLine: string;
  /** Whether a command on it can read what is typed. */
  readonly hasInput: boolean;
  /** Memory it has unless told otherwise, in MiB. */
  readonly memoryMib: number;
  /**
   * What deadlines inside are multiplied by: `TRAPLINE_TIME_SCALE`. Beside what an exit or a
   * loop takes on a host, a deadline has to have room for a loaded one.
   */
  readonly timeScale: number;
  /** Seconds after which a guest that has not come to the command is taken to hang. */
  readonly bootSeconds: number;
  /**
   * Starts the emulator.
   *
   * @param signal kills it when it aborts.
   */
  start(image: BootImage, tools: Tools, signal: AbortSignal): Promise<Run>;
}
