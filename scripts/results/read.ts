/**
 * Reading result files, and refusing those that are damaged.
 *
 * @module
 */
import { Ajv2020, type ErrorObject } from "ajv/2020";
import { ResultsFileError } from "./file_error.ts";
import { FORMAT, type ResultsFile, type Run, VERSION } from "./format.ts";
import schema from "./schema.json" with { type: "json" };
import { contradictions } from "./contradictions.ts";

const isValid = new Ajv2020({ strictTypes: false }).compile<ResultsFile>(schema);

function errorText({ instancePath, message, params }: ErrorObject): string {
  const more = "allowedValues" in params
    ? `: ${params.allowedValues.join(", ")}`
    : "additionalProperty" in params
    ? `: "${params.additionalProperty}"`
    : "";
  return `${instancePath || "the whole file"} ${message}${more}`;
}

/** What is wrong with `data`, which is to be a result file, or `undefined`. */
function faultOf(data: unknown): string | undefined {
  const { format, version } = (data ?? {}) as Partial<ResultsFile>;
  // Before there was a format of that name, verify and matrix wrote a version alone.
  if ((format === FORMAT || format === undefined) && Number(version) !== VERSION && version) {
    const remedy = Number(version) > VERSION ? "update Trapline" : "run its program again";
    return `it is of version ${version}, and version ${VERSION} is wanted; ${remedy}`;
  }
  if (!isValid(data)) {
    // The place of an "if" is that of the error within it.
    return errorText(isValid.errors!.find(({ keyword }) => keyword !== "if")!);
  }
  return contradictions(data)[0];
}

/**
 * Reads the text of a result file.
 *
 * @param path Names the file in an error.
 * @throws {ResultsFileError} When it is no result file of this version, or contradicts itself.
 */
export function parseResults(text: string, path: string): readonly Run[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ResultsFileError(path, `it is not JSON: ${error.message}`);
  }
  const fault = faultOf(data);
  if (fault !== undefined) throw new ResultsFileError(path, fault);
  return (data as ResultsFile).runs;
}

/**
 * Reads a result file.
 *
 * @throws {ResultsFileError} When it cannot be read, is no result file of this
 * version, or contradicts itself.
 */
export async function readResults(path: string): Promise<readonly Run[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new ResultsFileError(path, error.message);
  }
  return parseResults(text, path);
}
