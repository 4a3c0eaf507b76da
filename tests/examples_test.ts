import { Kvm } from "@trapline/trapline";
import { register } from "./support/kvm_testing.ts";
import { obstacle } from "./support/requirements.ts";

// The examples are what a project of a user's own would hold: plain tests, which want a KVM.
const FOLDER = new URL("./examples/", import.meta.url);

const reason = obstacle([]);
for (const name of [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort()) {
  if (reason === undefined) await import(`./examples/${name}`);
  else register(`the example ${name}`, "ignored", reason, () => Kvm.open().close());
}
