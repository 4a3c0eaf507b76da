/**
 * A `/dev/kvm` that goes, or is closed to this user, between two tests.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { kvmTest } from "../support/kvm_testing.ts";
import { mounts, WITH_OWN_MOUNTS } from "../support/mounts.ts";

const TESTS = new URL("../support/lost_device.ts", import.meta.url).pathname;
const IMPORT_MAP = new URL("../support/offline_import_map.json", import.meta.url).pathname;

kvmTest("a test whose device is lost says what mends it, and the next one runs", ({ kvm }) => {
  kvm.close();
  const [unshare, ...options] = WITH_OWN_MOUNTS;
  const { code, stdout } = new Deno.Command(unshare, {
    args: [
      ...[...options, Deno.execPath(), "test", "--quiet", "--no-check", "--allow-all"],
      ...[`--import-map=${IMPORT_MAP}`, TESTS],
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).outputSync();
  const text = new TextDecoder().decode(stdout);
  const verdicts = [...text.matchAll(/^the device is (.*) \.\.\. (\w+)/gm)];
  assertEquals(verdicts.map(([, state, verdict]) => [state, verdict]), [
    ["there", "ok"],
    ["not permitted", "FAILED"],
    ["another device", "FAILED"],
    ["gone", "FAILED"],
    ["there again", "ok"],
  ], text);
  assertMatch(text, /KvmUnavailableError: .*this user may not \(EACCES\)\. Join the group/);
  assertMatch(text, /KvmUnavailableError: .*not a KVM device\. Name the KVM device/);
  assertMatch(text, /KvmUnavailableError: .*there is no such device \(ENOENT\)\. Load the module/);
  assertEquals(code, 1);
}, { requires: [mounts] });
