import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { guestFiles, type GuestSettings, parseParameter } from "./guest_settings.ts";

const SETTINGS: GuestSettings = {
  command: ["echo", "it's", "$HOME"],
  directory: "/a b",
  program: undefined,
  env: { NAME: "v'w" },
  terminal: false,
  parameters: [],
  results: ["out.json", "logs"],
};

Deno.test("parseParameter() takes a parameter of kvm or of the module it names", () => {
  assertEquals(parseParameter("mmu=1"), { module: "kvm", name: "mmu", value: "1" });
  assertEquals(parseParameter("kvm_amd.npt=0"), { module: "kvm_amd", name: "npt", value: "0" });
  for (const wrong of ["mmu", "=1", "a b=1", "a=1 b=2"]) {
    assertThrows(() => parseParameter(wrong), SyntaxError, `"${wrong}"`);
  }
});

Deno.test("guestFiles() quotes for the shell whatever the user gave", () => {
  const { settings, command, wanted } = guestFiles(SETTINGS);
  assertEquals(command, `exec 'echo' 'it'\\''s' '$HOME'\n`);
  assertEquals(wanted, "out.json\nlogs\n");
  assertEquals(settings!.split("\n").filter((line) => !line.startsWith("PARAMETERS")), [
    "DIRECTORY='/a b'",
    "TERMINAL=no",
    "export NAME='v'\\''w'",
    "",
  ]);
});

Deno.test("guestFiles() names the folder of the program when it goes in", () => {
  assertMatch(guestFiles({ ...SETTINGS, program: "/c d" }).settings!, /^PROGRAM='\/c d'$/m);
});

Deno.test("guestFiles() turns the emulation prefix on, and a parameter given replaces it", () => {
  const lines = (...parameters: readonly string[]): string[] =>
    guestFiles({ ...SETTINGS, parameters: parameters.map(parseParameter) }).settings!.split("\n")
      .filter((line) => line.startsWith("PARAMETERS"));
  assertEquals(lines(), ["PARAMETERS_kvm='force_emulation_prefix=1'"]);
  assertEquals(lines("force_emulation_prefix=0", "x=2", "kvm_amd.npt=0"), [
    "PARAMETERS_kvm='force_emulation_prefix=0 x=2'",
    "PARAMETERS_kvm_amd='npt=0'",
  ]);
});
