/**
 * `deno task bench`: what Trapline costs beside a C program that makes the
 * same ioctls, in ratios, for times mean nothing on a machine that others use.
 *
 * @module
 */
import { Kvm, readHost } from "../mod.ts";
import { CSide, CSideError } from "./bench/c_side.ts";
import { measures } from "./bench/measures.ts";
import { ratios } from "./bench/pairs.ts";
import { type Figure, figureText, toJson } from "./bench/report.ts";
import { Walks } from "./bench/walks.ts";
import { parseOptions } from "./options.ts";
import { OUTPUT_HELP, requireOutputs } from "./output_place.ts";
import { Progress } from "./progress.ts";
import { runTask } from "./run_task.ts";
import { StatusLine } from "./status_line.ts";
import { paintFor } from "./terminal.ts";
import { writeWhole } from "./write_file.ts";

const USAGE = `deno task bench: measure against a C program that makes the same ioctls

Usage: deno task bench [--quick] [--only TEXT] [--json FILE]

  --quick      fewer pairs of batches
  --only TEXT  just the measures with TEXT in their names
  --json FILE  write the figures as JSON
  -h, --help   show this

Needs a C compiler: $CC, cc, gcc or clang. Each figure is the median of the ratios of
batches that take turns, with the smallest and the largest.

${OUTPUT_HELP}

Exit status: 0 whatever the figures are, 1 when something could not be measured, 2 for
a bad command line.`;

/** How many times fewer pairs a quick run takes. */
const QUICK = 5;

async function measureAll(quick: boolean, only: string): Promise<Figure[]> {
  using kvm = Kvm.open();
  using walks = new Walks(kvm);
  const status = new StatusLine();
  status.draw("compiling the C program");
  await using c = await CSide.start(await walks.forC());
  status.clear();
  using guests = new DisposableStack();
  const all = measures(kvm, c, walks, guests).filter(({ name }) => name.includes(only));
  const progress = new Progress("measures", all.length);
  const figures: Figure[] = [];
  const paint = paintFor();
  for (const { name, target, boundedBy, over, under, sampling } of all) {
    progress.show(name);
    const pairs = quick ? sampling.pairs / QUICK : sampling.pairs;
    const found = await ratios(over, under, { ...sampling, pairs });
    const figure = { name, target, boundedBy, ratios: found };
    progress.clear();
    console.log(figureText(figure, paint));
    figures.push(figure);
  }
  return figures;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseOptions({
    usage: USAGE,
    options: { quick: { type: "boolean" }, only: { type: "string" }, json: { type: "string" } },
    args,
  });
  requireOutputs(values.json);
  const { kernelRelease, cpuVendor, cpuModel } = readHost();
  console.log(`Linux ${kernelRelease}, ${cpuVendor} ${cpuModel}; median (min..max) of ratios\n`);
  try {
    const figures = await measureAll(values.quick ?? false, values.only ?? "");
    if (values.json !== undefined) {
      const json = { kernel: kernelRelease, cpu: cpuModel, figures: figures.map(toJson) };
      await writeWhole(values.json, JSON.stringify(json, null, 2) + "\n");
    }
    return 0;
  } catch (error) {
    if (!(error instanceof CSideError)) throw error;
    console.error(error.message);
    return 1;
  }
}

if (import.meta.main) await runTask(USAGE, () => main(Deno.args));
