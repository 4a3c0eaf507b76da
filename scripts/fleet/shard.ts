/**
 * Which part of a job this machine does, where many machines divide it.
 *
 * @module
 */
import { MisuseError } from "../misuse.ts";

/** One of `total` parts. */
export interface Shard {
  /** Which one, from 1 on. */
  readonly index: number;
  /** How many there are. */
  readonly total: number;
}

/** The whole job. */
export const WHOLE: Shard = { index: 1, total: 1 };

/** What the help of a task says of `--shard`. */
export const SHARD_HELP =
  `  --shard I/N        do only part I of N; by default the part that TRAPLINE_SHARDS (how many) and
                     TRAPLINE_SHARD_INDEX or Kubernetes' JOB_COMPLETION_INDEX (from 0 on) name`;

/** Parts beyond this are a slip of the keyboard. */
const MOST = 10_000;

/** Where a scheduler says which part this is: the first that is set counts. */
const INDEX_VARIABLES = ["TRAPLINE_SHARD_INDEX", "JOB_COMPLETION_INDEX"] as const;

/** The environment of a process that is to do all that it is given. */
export const UNDIVIDED = { TRAPLINE_SHARDS: "", TRAPLINE_SHARD_INDEX: "" } as const;

function wholeNumber(text: string): number {
  return /^\d{1,6}$/.test(text) ? Number(text) : NaN;
}

function checked(index: number, total: number, given: string): Shard {
  // Written so that NaN is refused too.
  if (!(total >= 1 && total <= MOST && index >= 1 && index <= total)) {
    throw new MisuseError(
      `Cannot do ${given}: it must be I/N with I from 1 to N, and N at most ${MOST}`,
    );
  }
  return { index, total };
}

/**
 * The shard that `option`, the value of `--shard`, or else the environment asks
 * for; the whole job when neither does.
 *
 * @throws {MisuseError} When it is no shard, or the environment has half of one.
 */
export function readShard(
  option: string | undefined,
  environment: (name: string) => string | undefined = (name) => Deno.env.get(name),
): Shard {
  if (option !== undefined) {
    const [index = "", total = "", ...more] = option.split("/");
    const given = `the shard "${option}"`;
    return checked(wholeNumber(index), more.length > 0 ? NaN : wholeNumber(total), given);
  }
  const total = environment("TRAPLINE_SHARDS");
  if (total === undefined || total === "") {
    const index = environment(INDEX_VARIABLES[0]) ?? "";
    // Kubernetes' variable is there in every Indexed Job, and may count something else.
    if (index === "") return WHOLE;
    throw new MisuseError(
      `Cannot tell of how many shards ${
        INDEX_VARIABLES[0]
      }=${index} is one: TRAPLINE_SHARDS must ` +
        "be set too",
    );
  }
  for (const name of INDEX_VARIABLES) {
    const index = environment(name);
    if (index === undefined || index === "") continue;
    const given = `the shard that ${name}=${index} (from 0 on) and TRAPLINE_SHARDS=${total} name`;
    return checked(wholeNumber(index) + 1, wholeNumber(total), given);
  }
  // All of it on every machine would look right and take N times as long.
  throw new MisuseError(
    `Cannot tell which of TRAPLINE_SHARDS=${total} this is: ${INDEX_VARIABLES.join(" or ")} ` +
      "must be set, from 0 on",
  );
}

/** `2/4`, as `--shard` takes it. */
export function shardText({ index, total }: Shard): string {
  return `${index}/${total}`;
}
