import { assert, assertMatch, assertStringIncludes } from "@std/assert";
import { readHost } from "./host.ts";
import { readTextFile } from "./sys/proc.ts";

Deno.test("readHost() gives the release of the running kernel, and its version as numbers", () => {
  const { kernelRelease, kernelVersion } = readHost();
  assertStringIncludes(readTextFile("/proc/version"), `Linux version ${kernelRelease} `);
  assert(kernelRelease.startsWith(kernelVersion.join(".")));
});

Deno.test("readHost() gives vendor, model and flags of the first CPU", () => {
  const { cpuVendor, cpuModel, cpuFlags } = readHost();
  const cpuinfo = readTextFile("/proc/cpuinfo");
  assert(cpuVendor !== "" && cpuinfo.includes(`: ${cpuVendor}\n`));
  assert(cpuModel !== "" && cpuinfo.includes(`: ${cpuModel}\n`));
  assert(cpuFlags.has("lm") && !cpuFlags.has(""));
});

Deno.test("readHost() gives the parameters of KVM's modules, kvm first", () => {
  const { modules } = readHost();
  const names = modules.map(({ name }) => name);
  assert(names.every((name) => /^kvm(_|$)/.test(name)), names.join(" "));
  assert(!names.includes("kvm") || names[0] === "kvm");
  for (const { parameters } of modules) {
    for (const value of Object.values(parameters)) assertMatch(value, /^\S/);
  }
});
