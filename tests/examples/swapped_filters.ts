/**
 * An update of the policy while the virtual machine runs: the vCPUs are on
 * threads of their own, and one filter takes the place of another under them.
 * There is no moment without a filter: what the old and the new one both allow
 * never traps, what both deny always does. An access that is made during the
 * call is decided by either; once the call has returned, the new filter decides
 * for every vCPU, and nobody need be stopped for it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { asm64, GuestThreads, Kvm, Msr, MsrFilter } from "@trapline/trapline";
import { raceFilters } from "@trapline/trapline/race";

const BEFORE = new MsrFilter({
  default: "deny",
  ranges: [{ base: Msr.IA32_SYSENTER_CS, count: 1, allow: "read" }],
});

// Not a change of BEFORE: a call replaces the whole filter, so an update names what stays as well.
const AFTER = new MsrFilter({
  default: "deny",
  ranges: [{ base: Msr.IA32_SYSENTER_CS, count: 3, allow: "read" }],
});

/** Reads, 1000 times, an MSR that both filters allow and one that both deny. */
const READS_BOTH = asm64`
    mov rbp, rsp
    mov r15d, 1000
  again:
    xor esi, esi
    mov ecx, ${Msr.IA32_SYSENTER_CS}
    rdmsr
    inc r12           ; allowed, passed
  denied:
    mov esi, 1
    mov ecx, ${Msr.STAR}
    rdmsr
    inc r13           ; denied, passed: must not happen
  next:
    dec r15d
    jnz again
    jmp finish
  vector_13:
    mov rsp, rbp
    sti
    test esi, esi
    jz trapped
    inc r14           ; denied, trapped
    jmp next
  trapped:
    inc rbx           ; allowed, trapped: must not happen
    jmp denied
`;

Deno.test("while a filter is replaced under two vCPUs, what both agree on stays as it is", async () => {
  using kvm = Kvm.open();
  using vm = kvm.createVm();
  vm.setMsrFilter(BEFORE); // No exits are enabled: what is denied is a #GP at once.
  await using guests = await GuestThreads.boot(vm, [READS_BOTH, READS_BOTH]);

  const ends = guests.finish();
  let swaps = 0;
  const turn = (): Promise<undefined> =>
    new Promise((resolve) => setTimeout(() => resolve(undefined), 0));
  while (await Promise.race([ends, turn()]) === undefined) {
    vm.setMsrFilter(swaps++ % 2 === 0 ? AFTER : BEFORE);
  }
  assert(swaps > 0);
  for (const { fault, regs } of await ends) {
    assertEquals(fault, undefined);
    const { r12: passed, r13: leaked, r14: trapped, rbx: broken } = regs;
    assertEquals({ passed, leaked, trapped, broken }, {
      passed: 1000n,
      leaked: 0n,
      trapped: 1000n,
      broken: 0n,
    });
  }
});

Deno.test("the same as a race: also what differs, and what comes after the call", async () => {
  using kvm = Kvm.open();
  const { violations, accesses } = await raceFilters(kvm, {
    seconds: 0.3,
    vcpus: 2,
    pair: {
      a: BEFORE,
      b: AFTER,
      // Only accesses that complete where a filter allows them: another #GP looks like a denial.
      accesses: [
        { kind: "read", index: Msr.IA32_SYSENTER_CS, value: 0x10n }, // Both allow it.
        { kind: "write", index: Msr.IA32_SYSENTER_CS, value: 0x20n }, // Both deny it.
        { kind: "read", index: Msr.IA32_SYSENTER_ESP }, // AFTER alone allows it.
        { kind: "read", index: Msr.STAR }, // Both deny it.
      ],
      // A denied write that was done all the same would show in the read.
      msrs: [[Msr.IA32_SYSENTER_CS, 0x10n]],
    },
  });
  assertEquals(violations, []);
  assert(accesses > 0);
});
