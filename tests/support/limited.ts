/**
 * A program that meets a real limit of its process, and prints what it met.
 * Its argument says which: `descriptors`, `memory` or `signals`.
 *
 * @module
 */
import { asm64, Kvm, Session, takeCensus, VcpuThread } from "@trapline/trapline";

/** What a step came to: the error's class and message, or `ok`. */
export type Steps = Readonly<Record<string, string>>;

const steps: Record<string, string> = {};

function attempt<T>(name: string, action: () => T): T | undefined {
  try {
    const result = action();
    steps[name] = "ok";
    return result;
  } catch (error) {
    steps[name] = String(error);
    return undefined;
  }
}

const runGuest = (kvm: Kvm): void => {
  using vm = kvm.createVm();
  Session.boot(vm, asm64`jmp finish`).finish();
};

/** Opens files until no descriptor is left. */
function useUp(): Deno.FsFile[] {
  const files: Deno.FsFile[] = [];
  while (true) {
    try {
      files.push(Deno.openSync("/dev/null"));
    } catch {
      return files;
    }
  }
}

async function meetDescriptors(): Promise<void> {
  const files = useUp();
  const free = (): void => files.pop()!.close();
  attempt("open", () => Kvm.open());
  free();
  using kvm = Kvm.open();
  attempt("createVm", () => kvm.createVm());
  free();
  using vm = kvm.createVm();
  attempt("memory.add", () => vm.memory.add({ slot: 0, gpa: 0, size: 0x1000 }));
  attempt("createVcpu", () => vm.createVcpu());
  attempt("stats", () => vm.stats());
  attempt("boot", () => Session.boot(vm, asm64`jmp finish`));
  free();
  // One descriptor is the vCPU's; the memory's was only for a moment.
  attempt("run", () => Session.boot(vm, asm64`jmp finish`).finish());
  for (let count = 0; count < 4; count++) free();
  using threaded = kvm.createVm();
  const { vcpu } = Session.boot(threaded, asm64`jmp finish`);
  await VcpuThread.start(vcpu).catch((error) => steps["thread"] = String(error));
  for (const file of files) file.close();
  steps["census"] = JSON.stringify(takeCensus());
}

// Ample: the threads of V8 and of Deno reserve room of their own at times that are not ours.
const ROOM = 1 << 30;

function meetMemory(): void {
  using kvm = Kvm.open();
  runGuest(kvm);
  using vm = kvm.createVm();
  const kib = Number(/^VmSize:\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/status"))![1]);
  const limit = new Deno.Command("prlimit", {
    args: ["--pid", `${Deno.pid}`, `--as=${kib * 1024 + ROOM}`],
  }).outputSync();
  steps["prlimit"] = limit.success ? "ok" : new TextDecoder().decode(limit.stderr);
  attempt("memory.add", () => vm.memory.add({ slot: 0, gpa: 0, size: 2 * ROOM }));
  attempt("run", () => runGuest(kvm));
  steps["slots"] = String(vm.memory.slots.length);
  steps["census"] = JSON.stringify(takeCensus());
}

function meetSignals(): void {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  attempt("run", () => Session.boot(vm, asm64`jmp finish`).finish());
}

if (import.meta.main) {
  if (Deno.args[0] === "descriptors") await meetDescriptors();
  else if (Deno.args[0] === "memory") meetMemory();
  else meetSignals();
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(steps)));
}
