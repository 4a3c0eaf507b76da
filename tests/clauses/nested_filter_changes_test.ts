/**
 * Filters that change while the guest is in L2.
 *
 * @module
 */
import { bootHypervisor } from "@trapline/trapline";
import { assertWalk } from "../support/assert_walk.ts";
import { clause } from "../support/clause.ts";
import { FILTERS, firstValues, inL2, wants } from "../support/l2_filters.ts";
import { offersNesting } from "../support/nested.ts";

clause(
  "X-97",
  "a filter that is set while the guest is in L2 governs the next access of L2",
  { requires: [offersNesting] },
  ({ kvm, execution }) => {
    using vm = kvm.createVm();
    const l1 = bootHypervisor(vm);
    vm.enableUserSpaceMsr(["filter"]);
    const held = firstValues(vm, l1, execution);
    inL2(l1, () => {
      for (const [denied, filter] of FILTERS) {
        vm.setMsrFilter(filter);
        assertWalk(l1.session, `of an L2 that ran before ${filter}`, wants(held, denied));
      }
    });
  },
);

clause(
  "X-114",
  "a filter that was set while the guest was in L2 governs L2 at the latest when it is entered again",
  {
    requires: [offersNesting],
    nativeOnly: "an emulated access asks the filter itself, and no bitmap that may be old",
  },
  ({ kvm, execution }) => {
    using vm = kvm.createVm();
    const l1 = bootHypervisor(vm);
    vm.enableUserSpaceMsr(["filter"]);
    const held = firstValues(vm, l1, execution);
    for (const [denied, filter] of FILTERS) {
      // The vCPU is in L2 when KVM sees the change: it runs on to the hypercall by which it leaves.
      inL2(l1, () => vm.setMsrFilter(filter));
      const circumstances = `of an L2 that was entered again after ${filter}`;
      inL2(l1, () => assertWalk(l1.session, circumstances, wants(held, denied)));
    }
  },
);
