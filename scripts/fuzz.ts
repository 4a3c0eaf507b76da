/**
 * `deno task fuzz`: random filters and raw calls on this host's KVM, compared
 * with the oracle access by access.
 *
 * @module
 */
import { Kvm, KvmUnavailableError } from "@trapline/trapline";
import {
  type CallDisagreement,
  type Disagreement,
  disagreementAsTest,
  formatDisagreement,
} from "@trapline/trapline/oracle";
import { facts } from "../tests/support/facts.ts";
import { checkOrder } from "../tests/support/check_order.ts";
import { isKnownToDeviate } from "../tests/support/known_to_deviate.ts";
import { forcesEmulation } from "../tests/support/requirements.ts";
import { FILTERS_A_ROUND, type Round, runRound } from "./fuzz/campaign.ts";
import { parseOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import type { DisagreementRecord } from "./results/format.ts";
import { configurationName, hostRecord } from "./results/host.ts";
import { writeResults } from "./results/write.ts";
import { writeWhole } from "./write_file.ts";

const USAGE = `deno task fuzz: search for accesses that get past a filter, by random filters

Usage: deno task fuzz [--seed N] [--filters N | --minutes M] [--emulated] [--save DIR]
                      [--json FILE] [--config host|amd|intel[:KERNEL]]

  --seed N      start with this seed; by default another one each time
  --filters N   filters to search; 200 by default
  --minutes M   search for so long instead
  --emulated    have KVM's emulator perform the accesses (kvm.force_emulation_prefix)
  --save DIR    where a disagreement is saved as a test; build/fuzz by default
  --json FILE   write what was searched and found as results, for "report"
  --config C    where: this host, or a sandbox with a kernel, such as intel:6.12
  --help        show this

Each filter is asked by some 8000 reads and writes, and what the guest and user space see is
compared with what the documentation promises. A disagreement is shrunk and printed as a test.

Exit status: 0 when all agree, 1 otherwise, 2 for a bad command line.`;

/** Disagreements after which the search ends: more of them say no more. */
const ENOUGH = 5;

function positive(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!(value > 0)) {
    console.error(`Cannot use --${name} ${text}: it must be a number above 0\n\n${USAGE}`);
    Deno.exit(2);
  }
  return value;
}

function callText({ calls, problem }: CallDisagreement): string {
  const bigints = (_: string, value: unknown): unknown =>
    typeof value === "bigint" ? `0x${value.toString(16)}` : value;
  const lines = calls.map((call) => `  ${JSON.stringify(call, bigints)}`);
  return `raw calls:\n${lines.join("\n")}\n${problem}`;
}

async function report(
  seed: number,
  { disagreement, callDisagreement }: Round,
  saveTo: string,
  emulated: boolean,
): Promise<DisagreementRecord[]> {
  const texts: string[] = [];
  if (disagreement !== undefined) texts.push(await save(disagreement, seed, saveTo));
  if (callDisagreement !== undefined) texts.push(callText(callDisagreement));
  const again = `deno task fuzz --seed ${seed} --filters ${FILTERS_A_ROUND}`;
  const config = Deno.env.get("TRAPLINE_CONFIG");
  const repeat = again + (emulated ? " --emulated" : "") + (config ? ` --config ${config}` : "");
  for (const text of texts) console.log(`\nDisagreement: ${text}\nTo repeat: ${repeat}`);
  return texts.map((text) => ({ seed, text, repeat }));
}

async function save(found: Disagreement, seed: number, directory: string): Promise<string> {
  const source = disagreementAsTest(found);
  const path = `${directory}/seed_${seed}_test.ts`;
  await writeWhole(path, source);
  return `${formatDisagreement(found)}\n\n${source}\nSaved as ${path}`;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseOptions({
    usage: USAGE,
    options: {
      seed: { type: "string" },
      filters: { type: "string" },
      minutes: { type: "string" },
      emulated: { type: "boolean" },
      save: { type: "string" },
      json: { type: "string" },
    },
    args,
  });
  const first = values.seed === undefined
    ? crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1
    : Math.floor(Number(values.seed));
  if (!(first >= 0 && first < 2 ** 31)) {
    console.error(`Cannot use --seed ${values.seed}: it must be a number below 2^31`);
    return 2;
  }
  const minutes = values.minutes === undefined
    ? Infinity
    : positive(values.minutes, "minutes", Infinity);
  const filters = values.minutes === undefined
    ? positive(values.filters, "filters", 200)
    : Infinity;
  const forcedEmulation = values.emulated ?? false;
  const obstacle = facts().unavailable ?? (forcedEmulation ? forcesEmulation(facts()) : undefined);
  if (obstacle !== undefined) {
    console.error(`Cannot search: ${obstacle}`);
    return 1;
  }

  const directory = values.save ?? "build/fuzz";
  // Before the search, not after it: what cannot be saved need not be found.
  await Deno.mkdir(directory, { recursive: true });
  const made = new Date().toISOString();
  const host = hostRecord();
  console.log(`KVM on Linux ${host.kernel}, ${host.cpu}; seed ${first}`);
  using kvm = Kvm.open();
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  const progress = new Progress("rounds", Math.ceil(filters / FILTERS_A_ROUND));
  const disagreements: DisagreementRecord[] = [];
  let [compared, searched] = [0, 0];
  const rate = (): string => Math.round(compared / Math.max(seconds(), 0.001)).toLocaleString("en");
  for (
    let round = 0;
    searched < filters && seconds() < minutes * 60 && disagreements.length < ENOUGH;
    round++
  ) {
    progress.show(
      `${searched} filters, ${rate()} accesses/s, ${disagreements.length} disagreements`,
    );
    const seed = (first + round) % 2 ** 31;
    const count = Math.min(FILTERS_A_ROUND, filters - searched);
    const found = runRound(kvm, {
      seed,
      filters: count,
      forcedEmulation,
      order: checkOrder(facts()),
      except: isKnownToDeviate,
    });
    compared += found.compared;
    searched += count;
    if (found.disagreement === undefined && found.callDisagreement === undefined) continue;
    progress.clear();
    disagreements.push(...await report(seed, found, directory, forcedEmulation));
  }
  progress.clear();
  console.log(
    `${searched} filters, ${compared.toLocaleString("en")} accesses compared in ` +
      `${seconds().toFixed(1)} s (${rate()} a second), ${disagreements.length} disagreements`,
  );
  if (values.json !== undefined) {
    const execution = forcedEmulation ? "forced emulation" as const : "native" as const;
    await writeResults(values.json, [{
      kind: "fuzz",
      configuration: configurationName(),
      made,
      host,
      seed: first,
      execution,
      filters: searched,
      accesses: compared,
      seconds: Math.round(seconds() * 10) / 10,
      disagreements,
    }]);
  }
  return disagreements.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    Deno.exitCode = await main(Deno.args);
  } catch (error) {
    if (!(error instanceof KvmUnavailableError)) throw error;
    console.error(error.message);
    Deno.exitCode = 1;
  }
}
