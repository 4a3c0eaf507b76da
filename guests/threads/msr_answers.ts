/**
 * Answers that a thread gives to MSR exits by itself, so that a guest that
 * exits often need not wait for the owner each time.
 *
 * @module
 */
import type { Exit } from "../../kvm/exit.ts";
import type { AnsweredExits } from "./control.ts";

/** What a thread answers by itself; an exit that is left out goes to the owner. */
export interface MsrAnswers {
  /**
   * What a read gets: this value; what this vCPU's last acknowledged write to
   * the same MSR wrote, 0 before the first; or a refusal, which is a #GP.
   */
  readonly rdmsr?: bigint | "last-written" | "refuse";
  /** What becomes of a write: it passes, or it is refused, which is a #GP. */
  readonly wrmsr?: "acknowledge" | "refuse";
}

/**
 * Checks `answers`.
 *
 * @throws {RangeError} When the value for reads has more than 64 bits.
 * @throws {TypeError} When an answer is none of those that a thread can give.
 */
export function checkAnswers({ rdmsr, wrmsr }: MsrAnswers): void {
  if (typeof rdmsr === "bigint") {
    if (BigInt.asUintN(64, rdmsr) !== rdmsr) {
      throw new RangeError(`Cannot answer reads with ${rdmsr}: an MSR has 64 bits`);
    }
  } else if (rdmsr !== undefined && rdmsr !== "last-written" && rdmsr !== "refuse") {
    throw new TypeError(
      `Cannot answer reads with "${rdmsr}": it must be a value, "last-written" or "refuse"`,
    );
  }
  if (wrmsr !== undefined && wrmsr !== "acknowledge" && wrmsr !== "refuse") {
    throw new TypeError(
      `Cannot answer writes with "${wrmsr}": it must be "acknowledge" or "refuse"`,
    );
  }
}

/** Gives the answers, and remembers what was written. */
export class MsrAnswerer {
  readonly #written = new Map<number, bigint>();

  /** Answers `exit` by `answers`; says which kind was answered, if one was. */
  answer(exit: Exit, answers: MsrAnswers): keyof AnsweredExits | undefined {
    if (exit.name === "X86_RDMSR" && answers.rdmsr !== undefined) {
      if (answers.rdmsr === "refuse") exit.refuse();
      else if (answers.rdmsr === "last-written") exit.supply(this.#written.get(exit.index) ?? 0n);
      else exit.supply(answers.rdmsr);
      return "rdmsr";
    }
    if (exit.name === "X86_WRMSR" && answers.wrmsr !== undefined) {
      if (answers.wrmsr === "refuse") exit.refuse();
      else {
        this.#written.set(exit.index, exit.data);
        exit.acknowledge();
      }
      return "wrmsr";
    }
    return undefined;
  }
}
