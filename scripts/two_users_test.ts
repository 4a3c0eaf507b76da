/**
 * Root and a user without any rights, and that user twice, at once on one
 * machine with one folder for temporary files.
 */
import { assertEquals } from "@std/assert";
import { asked } from "../tests/support/asked.ts";
import { readResults } from "./results/read.ts";
import { obstacle } from "../tests/support/requirements.ts";
import { testUnless } from "../tests/support/test_unless.ts";

const ROOT = new URL("../", import.meta.url).pathname;

// In mounts of its own, a KVM device that everybody may open; the rest is the command.
const WITH_OPEN_DEVICE = `
  mount -t tmpfs -o mode=755 tmpfs "$0" && mknod -m 666 "$0/kvm" c 10 232 &&
  mount --bind "$0/kvm" /dev/kvm && exec "$@"`;

const AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

function asRoot(folder: string, args: readonly string[]): Deno.Command {
  return new Deno.Command("unshare", {
    args: ["-m", "sh", "-c", WITH_OPEN_DEVICE, folder, ...args],
    cwd: ROOT,
    stdin: "null",
  });
}

/** Why there cannot be a second user, if so. */
async function whyNot(): Promise<string | undefined> {
  const folder = await Deno.makeTempDir();
  try {
    const command = asRoot(folder, [...AS_NOBODY, "test", "-r", `${ROOT}deno.json`]);
    const { success } = await command.output();
    return success ? undefined : "this user cannot become another one that can read this folder";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return error.message;
  } finally {
    await Deno.remove(folder);
  }
}

const reason = obstacle([]) ?? asked() ?? await whyNot();

async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Makes what the users share, and a home with the packages for the one without rights. */
async function prepare(folder: string): Promise<void> {
  await Deno.chmod(folder, 0o755);
  await Deno.mkdir(`${folder}/tmp`);
  await Deno.chmod(`${folder}/tmp`, 0o1777);
  for (const name of ["device", "root", "nobody/deno"]) {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  }
  const { npmCache } = JSON.parse(await run(Deno.execPath(), "info", "--json"));
  await run("cp", "-r", npmCache, `${folder}/nobody/deno/`);
  await run("chown", "-R", "65534:65534", `${folder}/nobody`);
}

async function verifyAs(user: string, folder: string, output = "out.json"): Promise<string> {
  const home = `${folder}/${user}`;
  const { code, stderr } = await asRoot(`${folder}/device`, [
    ...(user === "root" ? [] : [...AS_NOBODY, "env", `HOME=${home}`, `DENO_DIR=${home}/deno`]),
    ...["env", `TMPDIR=${folder}/tmp`],
    ...["XDG_CACHE_HOME=", "TRAPLINE_CACHE=", "TRAPLINE_KVM=host"],
    ...[Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", "scripts/with_kvm.ts"],
    ...["verify", "--filter", "F-0*", "--json", `${home}/${output}`],
  ]).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const [found] = await readResults(`${home}/${output}`);
  return JSON.stringify(found!.kind === "verify" ? found!.counts : found);
}

testUnless(
  reason,
  "verify by two users at once, and by one of them twice, comes to the same",
  async () => {
    // Not in TMPDIR, which may be closed to the other user.
    const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "trapline-users-" });
    try {
      await prepare(folder);
      const [roots, ...others] = await Promise.all([
        verifyAs("root", folder),
        verifyAs("nobody", folder),
        verifyAs("nobody", folder, "again.json"),
      ]);
      assertEquals(others, [roots, roots]);
      assertEquals([...Deno.readDirSync(`${folder}/tmp`)], []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
