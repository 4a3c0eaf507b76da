/**
 * `deno task race`: filters that change under running vCPUs on this host's KVM,
 * for as long as asked.
 *
 * @module
 */
import { Kvm } from "@trapline/trapline";
import { obstacle } from "../tests/support/requirements.ts";
import { asCalled } from "./program.ts";
import { Progress } from "./progress.ts";
import { added, KINDS, logOf, roundsFor, type Total, WINDOW_US } from "./race/campaign.ts";
import { readRequest, type Request, USAGE } from "./race/request.ts";
import { certaintyText, totalsText } from "./race/summary.ts";
import { configurationName, hostRecord } from "./results/host.ts";
import { runTask } from "./run_task.ts";
import { writeWhole } from "./write_file.ts";

/** Milliseconds between two drawings. */
const PACE = 200;

/** What all races came to. */
interface Outcome {
  readonly totals: readonly Total[];
  /** The natural logarithm of the probability that all of them miss a window. */
  readonly log: number;
}

async function raceAll(kvm: Kvm, { seconds, vcpus }: Request): Promise<Outcome> {
  const rounds = roundsFor(seconds);
  const progress = new Progress("races", rounds.flat().length);
  const totals: Total[] = KINDS.map(({ name }) => (
    { name, seconds: 0, accesses: 0, swaps: 0, violations: [] }
  ));
  let log = 0;
  for (const round of rounds) {
    for (const [i, race] of round.entries()) {
      progress.show(`${race.name}, starts`);
      let drawn = performance.now();
      const result = await race.run(kvm, {
        seconds: race.seconds,
        vcpus,
        onProgress: ({ accesses, swaps }) => {
          if (performance.now() - drawn < PACE) return;
          drawn = performance.now();
          progress.draw(`${race.name}, ${accesses.toLocaleString("en")} accesses, ${swaps} swaps`);
        },
      });
      totals[i] = added(totals[i]!, result);
      log += logOf(result);
      if (result.violations.length === 0) continue;
      progress.clear();
      for (const violation of result.violations) console.log(`${race.name}: ${violation}`);
    }
    // More rounds would say no more.
    if (totals.some(({ violations }) => violations.length > 0)) break;
  }
  progress.clear();
  return { totals, log };
}

async function main(args: readonly string[]): Promise<number> {
  const request = readRequest(args);
  const why = obstacle([]);
  if (why !== undefined) {
    console.error(`Cannot race: ${why}`);
    return 1;
  }
  const { seconds, vcpus, json } = request;
  const made = new Date().toISOString();
  const host = hostRecord();
  const processors = navigator.hardwareConcurrency;
  console.log(
    `KVM on Linux ${host.kernel}, ${host.cpu}; ${vcpus} vCPUs, processors: ${processors}`,
  );
  using kvm = Kvm.open();
  const { totals, log } = await raceAll(kvm, request);
  console.log(`${totalsText(totals)}\n${certaintyText(log, processors)}`);
  const isClean = totals.every(({ violations }) => violations.length === 0);
  if (!isClean) {
    const config = Deno.env.get("TRAPLINE_CONFIG");
    const again = asCalled(`deno task race --seconds ${seconds} --vcpus ${vcpus}`);
    console.log(`To repeat: ${again}${config ? ` --config ${config}` : ""}`);
  }
  if (json !== undefined) {
    const results = {
      configuration: configurationName(),
      made,
      host,
      vcpus,
      processors,
      races: totals,
      missed: processors < 2 ? null : { microseconds: WINDOW_US, log10: log / Math.LN10 },
    };
    await writeWhole(json, `${JSON.stringify(results, null, 2)}\n`);
  }
  return isClean ? 0 : 1;
}

if (import.meta.main) await runTask(USAGE, () => main(Deno.args));
