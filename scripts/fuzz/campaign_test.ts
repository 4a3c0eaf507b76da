import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DeadlineError, Kvm, KvmError } from "@trapline/trapline";
import { NatureError } from "@trapline/trapline/oracle";
import { checkOrder } from "../../tests/support/check_order.ts";
import { facts } from "../../tests/support/facts.ts";
import { isKnownToDeviate } from "../../tests/support/known_to_deviate.ts";
import { kvmTest } from "../../tests/support/kvm_testing.ts";
import { type Round, type RoundOptions, runRound } from "./campaign.ts";
import { findingText } from "./finding.ts";

Deno.test("findingText() tells what a KVM did from limits and mistakes", () => {
  const hung = new DeadlineError(10_000, 0x1000n);
  assertStringIncludes(findingText(hung)!, "the search broke off: The guest was still running");
  assertStringIncludes(
    findingText(new NatureError({ kind: "read", index: 1 }, "wanted none", "one"))!,
    "without a filter, read of IA32_P5_MC_TYPE (0x1)",
  );
  assert(findingText(new KvmError("KVM_X86_SET_MSR_FILTER", 22)) !== undefined);
  assertEquals(findingText(new KvmError("KVM_CREATE_VM", 24)), undefined);
  assertEquals(findingText(new TypeError("a mistake")), undefined);
});

function round(kvm: Kvm, more: Partial<RoundOptions>): Round {
  return runRound(kvm, {
    seed: 1,
    filters: 2,
    accesses: 500,
    forcedEmulation: false,
    order: checkOrder(facts()),
    except: isKnownToDeviate,
    ...more,
  });
}

kvmTest("runRound() tells what broke a search off, and lets mistakes through", ({ kvm }) => {
  const failing = (error: Error) => (): boolean => {
    throw error;
  };
  const { failures, filters } = round(kvm, { except: failing(new DeadlineError(10_000, 0n)) });
  // The filters and the raw calls are two searches.
  assertEquals([failures.length, filters], [2, 1]);
  assertThrows(() => round(kvm, { except: failing(new TypeError("a mistake")) }), TypeError);
});

kvmTest("runRound() ends between two filters when it is told so", ({ kvm }) => {
  const states: number[] = [];
  const { filters, compared, failures } = round(kvm, {
    filters: 5,
    goesOn: ({ filters }) => states.push(filters) < 3,
  });
  assertEquals([states.slice(0, 3), filters, failures], [[0, 1, 2], 2, []]);
  assert(compared > 1000);
});
