import { assertEquals } from "@std/assert";
import { KVM_RUN } from "./abi/kvm_run.ts";
import { RunPage } from "./run_page.ts";
import { SyncRegs } from "./sync_regs.ts";
import { Mapping, PAGE_SIZE } from "./sys/mapping.ts";

const { kvm_valid_regs: VALID, kvm_dirty_regs: DIRTY } = KVM_RUN.fields;
const REGS = KVM_RUN.fields["s.regs"].offset;

function make(): { page: RunPage; sync: SyncRegs; view: DataView } {
  const page = new RunPage(Mapping.memory(3 * PAGE_SIZE));
  return { page, sync: new SyncRegs(page), view: page.view };
}

Deno.test("SyncRegs.request() replaces the sets that the kernel is to store", () => {
  const { page, sync, view } = make();
  for (
    const [sets, mask] of [
      [["regs"], 1n],
      [["sregs", "events"], 6n],
      [["events", "regs", "sregs"], 7n],
      [[], 0n],
    ] as const
  ) {
    sync.request(sets);
    assertEquals(VALID.get(view, 0), mask);
  }
  page.close();
});

Deno.test("SyncRegs.requestAlso() adds a set for as long as it is kept", () => {
  const { page, sync, view } = make();
  sync.request(["events"]);
  {
    using _ = sync.requestAlso("regs");
    assertEquals(VALID.get(view, 0), 5n);
  }
  assertEquals(VALID.get(view, 0), 4n);
  page.close();
});

Deno.test("SyncRegs.general() is one register of regs", () => {
  const { page, sync } = make();
  sync.write({ regs: { rax: 1n, rsi: 0xffff_ffff_ffff_fff0n, rflags: 2n } });
  for (const name of ["rax", "rsi", "rflags", "r15"] as const) {
    assertEquals(sync.general(name), sync.regs[name]);
  }
  page.close();
});

Deno.test("SyncRegs.write() changes just the members that it is given", () => {
  const { page, sync, view } = make();
  view.setBigUint64(REGS + 8, 0xbbn, true);
  sync.write({ regs: { rax: 1n, rflags: 2n } });
  assertEquals([sync.regs.rax, sync.regs.rbx, sync.regs.rflags], [1n, 0xbbn, 2n]);
  assertEquals(view.getBigUint64(REGS + 136, true), 2n);
  page.close();
});

Deno.test("SyncRegs.write() marks the sets that it changed, beside those marked before", () => {
  const { page, sync, view } = make();
  sync.write({ sregs: { cr2: 0x1000n } });
  assertEquals(DIRTY.get(view, 0), 2n);
  sync.write({ regs: {} });
  assertEquals(DIRTY.get(view, 0), 3n);
  sync.write({ events: { "nmi.pending": 1 } });
  assertEquals(DIRTY.get(view, 0), 7n);
  assertEquals([sync.sregs.cr2, sync.events["nmi.pending"]], [0x1000n, 1]);
  page.close();
});

Deno.test("SyncRegs.write() of nothing marks nothing", () => {
  const { page, sync, view } = make();
  sync.write({});
  assertEquals(DIRTY.get(view, 0), 0n);
  page.close();
});
