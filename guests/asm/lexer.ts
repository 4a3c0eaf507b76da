/** One line of the source, for messages. */
export interface SourceLine {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/** The smallest meaningful piece of a line. */
export type Token =
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "string"; readonly bytes: readonly number[] }
  | { readonly kind: "mark"; readonly text: string };

/** The error every refused line ends in, with its number and its text. */
export function lineError(line: SourceLine, detail: string): SyntaxError {
  return new SyntaxError(`Cannot assemble line ${line.number} "${line.text.trim()}": ${detail}`);
}

const TOKEN = new RegExp(
  [
    /(?<blank>\s+)/,
    /(?<comment>[;#].*)/,
    /(?<number>\d\w*)/,
    /(?<name>[A-Za-z_.][\w.]*)/,
    /"(?<string>(?:[^"\\]|\\.)*)"/,
    /(?<mark>[[\](),:+\-*$])/,
  ].map((part) => part.source).join("|"),
  "y",
);

const NUMBER = /^(?:\d+|0x[\da-f]+|0b[01]+)$/i;

const ESCAPE = /\\(?:x([\da-fA-F]{2})|(.))/g;

const ESCAPED: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "0": "\0",
  "\\": "\\",
  '"': '"',
};

function stringBytes(line: SourceLine, body: string): number[] {
  const text = body.replace(ESCAPE, (whole: string, hex?: string, letter?: string) => {
    const character = hex === undefined
      ? ESCAPED[letter ?? ""]
      : String.fromCharCode(parseInt(hex, 16));
    if (character === undefined) throw lineError(line, `Unknown escape "${whole}"`);
    return character;
  });
  return Array.from(text, (character) => {
    const byte = character.codePointAt(0) ?? 0;
    if (byte > 0xff) throw lineError(line, `Character "${character}" does not fit in a byte`);
    return byte;
  });
}

/**
 * Splits one line into tokens, its comment left out.
 *
 * @throws {SyntaxError} If a character, a number or a string escape is not of the language.
 */
export function tokenize(line: SourceLine): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < line.text.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(line.text)?.groups;
    if (groups === undefined) throw lineError(line, `Unexpected "${line.text.slice(at)}"`);
    const { number, name, string, mark } = groups;
    if (number !== undefined) {
      if (!NUMBER.test(number)) throw lineError(line, `Malformed number "${number}"`);
      tokens.push({ kind: "number", value: BigInt(number) });
    } else if (name !== undefined) tokens.push({ kind: "name", text: name });
    else if (string !== undefined) {
      tokens.push({ kind: "string", bytes: stringBytes(line, string) });
    } else if (mark !== undefined) tokens.push({ kind: "mark", text: mark });
  }
  return tokens;
}

/** Reads the tokens of one line from left to right. */
export class TokenCursor {
  readonly #tokens: readonly Token[];
  readonly #line: SourceLine;
  #position = 0;

  constructor(line: SourceLine) {
    this.#line = line;
    this.#tokens = tokenize(line);
  }

  /** The token `ahead` places further on, or undefined past the end. */
  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#position + ahead];
  }

  /** The name `ahead` places further on in lower case, or undefined if no name stands there. */
  peekName(ahead = 0): string | undefined {
    const token = this.peek(ahead);
    return token?.kind === "name" ? token.text.toLowerCase() : undefined;
  }

  /** Whether the mark `text` stands `ahead` places further on. */
  isMark(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token?.kind === "mark" && token.text === text;
  }

  /** Moves past `count` tokens. */
  skip(count = 1): void {
    this.#position += count;
  }

  /** Moves past the mark `text` if it is next. */
  accept(text: string): boolean {
    const found = this.isMark(text);
    if (found) this.skip();
    return found;
  }

  /** Moves past the mark `text`. */
  expect(text: string): void {
    if (!this.accept(text)) this.fail(`Expected "${text}" ${this.#place()}`);
  }

  /** Throws unless the whole line has been read. */
  expectEnd(): void {
    if (this.peek() !== undefined) this.fail(`Unexpected text ${this.#place()}`);
  }

  /** Throws the error for this line. */
  fail(detail: string): never {
    throw lineError(this.#line, detail);
  }

  #place(): string {
    const token = this.peek();
    if (token === undefined) return "at the end of the line";
    if (token.kind === "string") return "at a string";
    return `at "${token.kind === "number" ? token.value : token.text}"`;
  }
}
