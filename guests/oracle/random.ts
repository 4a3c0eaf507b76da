/**
 * Random numbers that the same seed gives again.
 *
 * @module
 */

/** A generator of numbers that gives the same ones for the same seed (mulberry32). */
export type RandomSource = () => number;

/** A number of 32 bits made of another, as unlike it as can be. */
export function mixed(word: number): number {
  let bits = Math.imul(word ^ (word >>> 15), word | 1);
  bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
  return (bits ^ (bits >>> 14)) >>> 0;
}

/** Starts a {@linkcode RandomSource}; it gives integers of 32 bits. */
export function randomSource(seed: number): RandomSource {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    return mixed(state);
  };
}

/** The next 64 bits. */
export function randomValue(random: RandomSource): bigint {
  return BigInt(random()) << 32n | BigInt(random());
}
