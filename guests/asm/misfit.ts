/** An encoding that cannot hold the values of its operands; the message says why. */
export class Misfit extends Error {
  override name = "Misfit";
}

/** The misfit of a number that an encoding has no room for. */
export function outOfRange(value: bigint): Misfit {
  const digits = value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
  return new Misfit(`Number ${digits} is out of range`);
}
