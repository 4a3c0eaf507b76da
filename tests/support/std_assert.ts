/**
 * Stands in for `@std/assert` where JSR cannot be reached: the same names and
 * signatures for the functions this repository uses, over `node:assert/strict`.
 *
 * Only the offline import map beside this file points here.
 *
 * @module
 */
import nodeAssert from "node:assert/strict";

/** A failed assertion. */
export class AssertionError extends Error {
  /** The class, by name. */
  override readonly name = "AssertionError";

  /** Builds the error with `message`. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * What `node:assert` says of a difference, with the words for the two sides
 * that are used here, and with bigints as a reader of registers wants them.
 */
function inOurWords(text: string): string {
  return text
    .replace(
      /^Expected values to be strictly (?:deep-)?equal:\n(?:\+ actual - expected\n)?/,
      (head) => head.includes("+ actual") ? "got (+), wanted (-):\n" : "got !== wanted:\n",
    )
    .replaceAll(/(?<![\w'"])(\d{2,})n\b/g, (_, digits) => `0x${BigInt(digits).toString(16)}n`);
}

/** Runs `check`, and turns the error of `node:assert` into the one of this module. */
function through(check: () => void, message: string | undefined): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof nodeAssert.AssertionError)) throw error;
    throw new AssertionError(
      message === undefined
        ? inOurWords(error.message)
        : `${message}: ${inOurWords(error.message)}`,
    );
  }
}

/** Asserts that `expression` is truthy. */
export function assert(expression: unknown, message = ""): asserts expression {
  if (!expression) throw new AssertionError(message);
}

/** Asserts deep strict equality. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  through(() => nodeAssert.deepStrictEqual(actual, expected), message);
}

/** Asserts that the two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  through(() => nodeAssert.notDeepStrictEqual(actual, expected), message);
}

/** Asserts identity as `Object.is` has it. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  message?: string,
): asserts actual is T {
  through(() => nodeAssert.strictEqual(actual, expected), message);
}

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, message = ""): void {
  if (!actual.includes(expected)) {
    throw new AssertionError(
      `Expected actual: "${actual}" to contain: "${expected}" ${message}`.trimEnd(),
    );
  }
}

/** Asserts that `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  through(() => nodeAssert.match(actual, expected), message);
}

/** Asserts that `actual` is an instance of `expectedType`. */
export function assertInstanceOf<T extends abstract new (...args: never[]) => unknown>(
  actual: unknown,
  expectedType: T,
  message = "",
): asserts actual is InstanceType<T> {
  if (!(actual instanceof expectedType)) {
    throw new AssertionError(
      `Expected object to be an instance of "${expectedType.name}". ${message}`.trimEnd(),
    );
  }
}

/** Asserts that `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, message = ""): void {
  if (!(actual >= expected)) {
    throw new AssertionError(`Expect ${actual} >= ${expected} ${message}`.trimEnd());
  }
}

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

function checkThrown<E extends Error>(
  error: unknown,
  errorClass: ErrorClass<E> | undefined,
  messageIncludes: string | undefined,
): E {
  if (errorClass !== undefined && !(error instanceof errorClass)) {
    const got = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new AssertionError(
      `Expected error to be instance of "${errorClass.name}", but was "${got}".`,
    );
  }
  if (!(error instanceof Error)) {
    throw new AssertionError("A non-Error object was thrown or rejected.");
  }
  if (messageIncludes !== undefined && !error.message.includes(messageIncludes)) {
    throw new AssertionError(
      `Expected error message to include "${messageIncludes}", but got "${error.message}".`,
    );
  }
  return error as E;
}

/** Asserts that `fn` throws, and returns what it threw. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass?: ErrorClass<E>,
  messageIncludes?: string,
): E {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    return checkThrown(thrown, errorClass, messageIncludes);
  }
  throw new AssertionError("Expected function to throw.");
}

/** Asserts that the promise `fn` returns rejects, and returns the reason. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  messageIncludes?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checkThrown(error, errorClass, messageIncludes);
  }
  throw new AssertionError("Expected function to reject.");
}
