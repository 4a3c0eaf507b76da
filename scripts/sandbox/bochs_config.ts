/**
 * The configuration of the Intel machine, as Bochs reads it (bochsrc(5)).
 *
 * @module
 */
import { join } from "node:path";
import type { BootImage } from "./machine.ts";

/** Where Bochs finds what is not of this run. */
export interface BochsFiles {
  /** The system's BIOS. */
  readonly bios: string;
  /** The BIOS of the graphics card. */
  readonly vgaBios: string;
}

/** Files in the run's directory. */
export const RUN_FILES = {
  config: "bochsrc",
  /** What Bochs's debugger is told, in those builds that start in it: go on. */
  commands: "bochs-commands",
  log: "bochs.log",
  bootRom: "boot.rom",
  bootDisk: "boot.img",
  console: "console",
  stdout: "stdout",
  stderr: "stderr",
} as const;

/**
 * Instructions that make up a second of the clock inside. It is about what Bochs does in a
 * second, so that the clocks inside and outside run alike while the processor is busy; an idle
 * one skips ahead.
 */
export const INSTRUCTIONS_PER_SECOND = 50_000_000;

/** Where the boot ROM is; the BIOS looks for ROMs from 0xc8000 to 0xe0000. */
const ROM_ADDRESS = "0xd0000";

/** A path as bochsrc(5) takes it. */
function quoted(path: string): string {
  // There is no way to write these two, and `$NAME` stands for a variable.
  if (/["$\n]/.test(path)) {
    throw new TypeError(`Cannot configure Bochs with the path "${path}": It has a quote or "$"`);
  }
  return `"${path}"`;
}

/** The text of the configuration. */
export function bochsConfig(image: BootImage, files: BochsFiles): string {
  const own = (name: keyof typeof RUN_FILES): string =>
    quoted(join(image.directory, RUN_FILES[name]));
  const journal = quoted(join(image.directory, "payload.redolog"));
  return [
    // Devices that Linux would probe, and that nobody needs.
    "plugin_ctrl: unmapped=1, biosdev=1, serial=1, extfpuirq=1, speaker=0, parallel=0, gameport=0, " +
    "iodebug=0",
    "display_library: term",
    // Drawing costs time, and nobody sees it.
    "vga: extension=none, update_freq=1",
    "private_colormap: enabled=0",
    `romimage: file=${quoted(files.bios)}, options=fastboot`,
    `vgaromimage: file=${quoted(files.vgaBios)}`,
    `optromimage1: file=${own("bootRom")}, address=${ROM_ADDRESS}`,
    `megs: ${image.memoryMib}`,
    // Newer models crash Linux 7 when it sets XSAVE up. Linux probes MSRs that Bochs does not have.
    `cpu: model=broadwell_ult, count=${image.processors}, ips=${INSTRUCTIONS_PER_SECOND}, ` +
    "reset_on_triple_fault=0, ignore_bad_msrs=1",
    // An idle processor does not wait for the real clock.
    "clock: sync=none, time0=utc",
    "boot: disk",
    "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
    "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15",
    `ata0-master: type=disk, mode=flat, path=${own("bootDisk")}`,
    // Volatile: other runs read the same image, and Bochs locks those that it may write.
    `ata0-slave: type=disk, mode=volatile, path=${quoted(image.payload)}, journal=${journal}`,
    `ata1-master: type=disk, mode=flat, path=${quoted(image.exchange)}`,
    `com1: enabled=1, mode=file, dev=${own("console")}`,
    `com2: enabled=1, mode=file, dev=${own("stdout")}`,
    `com3: enabled=1, mode=file, dev=${own("stderr")}`,
    `log: ${own("log")}`,
    "logprefix: %e%d",
    // The end of everything that would otherwise become a question to somebody at a keyboard.
    "panic: action=fatal",
    "error: action=ignore",
    "info: action=ignore",
    "debug: action=ignore",
    "",
  ].join("\n");
}
