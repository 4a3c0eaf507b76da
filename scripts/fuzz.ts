/**
 * `deno task fuzz`: random filters and raw calls on this host's KVM, compared
 * with the oracle access by access.
 *
 * @module
 */
import { Kvm } from "@trapline/trapline";
import {
  callDisagreementAsTest,
  disagreementAsTest,
  formatDisagreement,
} from "@trapline/trapline/oracle";
import { facts } from "../tests/support/facts.ts";
import { checkOrder } from "../tests/support/check_order.ts";
import { isKnownToDeviate } from "../tests/support/known_to_deviate.ts";
import {
  finishesEmulatedAccesses,
  forcesEmulation,
  obstacle,
} from "../tests/support/requirements.ts";
import { FILTERS_A_ROUND, type Round, type RoundState, runRound } from "./fuzz/campaign.ts";
import { readRequest, USAGE } from "./fuzz/request.ts";
import { filterCount, roundsOf } from "./fuzz/rounds.ts";
import { shardText } from "./fleet/shard.ts";
import { asCalled } from "./program.ts";
import { ProgressBar } from "./progress_bar.ts";
import type { DisagreementRecord } from "./results/format.ts";
import { configurationName, hostRecord } from "./results/host.ts";
import { ownVersion } from "./results/own_version.ts";
import { writeResults } from "./results/write.ts";
import { runTask } from "./run_task.ts";
import { writeWhole } from "./write_file.ts";

/** Disagreements after which the search ends: more of them say no more. */
const ENOUGH = 5;

async function report(
  seed: number,
  { disagreement, callDisagreement, failures }: Round,
  saveTo: string,
  emulated: boolean,
): Promise<DisagreementRecord[]> {
  const texts: string[] = [...failures];
  const save = async (what: string, source: string, name: string): Promise<void> => {
    const path = `${saveTo}/${name}_test.ts`;
    await writeWhole(path, source);
    texts.push(`${what}\n\n${source}\nSaved as ${path}`);
  };
  if (disagreement !== undefined) {
    const what = formatDisagreement(disagreement);
    await save(what, disagreementAsTest(disagreement), `seed_${seed}`);
  }
  if (callDisagreement !== undefined) {
    const what = `raw calls, ${callDisagreement.problem}`;
    await save(what, callDisagreementAsTest(callDisagreement), `seed_${seed}_calls`);
  }
  const again = asCalled(`deno task fuzz --seed ${seed} --filters ${FILTERS_A_ROUND}`);
  const config = Deno.env.get("TRAPLINE_CONFIG");
  const repeat = again + (emulated ? " --emulated" : "") + (config ? ` --config ${config}` : "");
  for (const text of texts) console.log(`\nDisagreement: ${text}\nTo repeat: ${repeat}`);
  return texts.map((text) => ({ seed, text, repeat }));
}

function hasFound({ disagreement, callDisagreement, failures }: Round): boolean {
  return disagreement !== undefined || callDisagreement !== undefined || failures.length > 0;
}

async function main(args: readonly string[]): Promise<number> {
  const { seed: first, filters, minutes, emulated, save, json, shard } = readRequest(args);
  const why = obstacle(emulated ? [forcesEmulation, finishesEmulatedAccesses] : []);
  if (why !== undefined) {
    console.error(`Cannot search: ${why}`);
    return 1;
  }
  // Before the search, not after it: what cannot be saved need not be found.
  await Deno.mkdir(save, { recursive: true });
  const made = new Date().toISOString();
  const host = hostRecord();
  const part = shard.total > 1 ? `, shard ${shardText(shard)}` : "";
  console.log(`KVM on Linux ${host.kernel}, ${host.cpu}; seed ${first}${part}`);
  using kvm = Kvm.open();
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  const progress = new ProgressBar();
  const disagreements: DisagreementRecord[] = [];
  let done: RoundState = { filters: 0, compared: 0 };
  const plus = ({ filters, compared }: RoundState): RoundState => ({
    filters: done.filters + filters,
    compared: done.compared + compared,
  });
  const rate = ({ compared }: RoundState): string =>
    Math.round(compared / Math.max(seconds(), 0.001)).toLocaleString("en");
  const planned = filterCount(shard, filters);
  const show = (state: RoundState): void => {
    const found = `${disagreements.length} disagreements`;
    const step = `${state.filters} filters, ${rate(state)} accesses/s, ${found}`;
    const share = Number.isFinite(planned) ? state.filters / planned : seconds() / (minutes * 60);
    progress.show(step, Math.min(share, 1));
  };
  const isTimeLeft = (): boolean => seconds() < minutes * 60;
  try {
    for (const { seed, filters: count } of roundsOf(shard, first, filters)) {
      if (!isTimeLeft() || disagreements.length >= ENOUGH) break;
      const found = runRound(kvm, {
        seed,
        filters: count,
        forcedEmulation: emulated,
        order: checkOrder(facts()),
        except: isKnownToDeviate,
        goesOn: (state) => {
          show(plus(state));
          return isTimeLeft();
        },
      });
      done = plus(found);
      if (!hasFound(found)) continue;
      progress.clear();
      disagreements.push(...await report(seed, found, save, emulated));
    }
  } finally {
    // Also when something breaks the whole search off: what was found is found.
    progress.clear();
    console.log(
      `${done.filters} filters, ${done.compared.toLocaleString("en")} accesses compared in ` +
        `${seconds().toFixed(1)} s (${rate(done)} a second), ${disagreements.length} disagreements`,
    );
    if (json !== undefined) {
      await writeResults(json, [{
        kind: "fuzz",
        configuration: configurationName(),
        made,
        trapline: ownVersion(),
        host,
        seed: first,
        ...(shard.total > 1 && { shard }),
        execution: emulated ? "forced emulation" : "native",
        filters: done.filters,
        accesses: done.compared,
        seconds: Math.round(seconds() * 10) / 10,
        disagreements,
      }]);
    }
  }
  return disagreements.length === 0 ? 0 : 1;
}

if (import.meta.main) await runTask(USAGE, () => main(Deno.args));
