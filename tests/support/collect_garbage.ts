/**
 * V8's heap without its garbage.
 *
 * @module
 */
import v8 from "node:v8";
import { runInNewContext } from "node:vm";

// Only a context that is made afterwards has it.
v8.setFlagsFromString("--expose-gc");
const gc: (options: object) => void = runInNewContext("gc");

/** Has V8 collect its garbage and give back the memory: its heap would come and go otherwise. */
export function collectGarbage(): void {
  gc({ type: "major", execution: "sync", flavor: "last-resort" });
}
