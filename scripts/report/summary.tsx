/**
 * The head of the report: what it all comes to, for who reads nothing else.
 *
 * @module
 */
import type { JSX } from "preact";
import type { Merged } from "../results/merge.ts";
import { headline, plural, unselectedText } from "./headline.ts";
import { type CellKind, countKinds, KINDS, needsAttention } from "./kinds.ts";

const ORDER = Object.keys(KINDS) as CellKind[];

function Bar({ counts }: { readonly counts: ReadonlyMap<CellKind, number> }): JSX.Element {
  return (
    <div class="bar" aria-hidden="true">
      {ORDER.filter((kind) => counts.has(kind)).map((kind) => (
        <i
          key={kind}
          class={kind}
          style={`flex-grow: ${counts.get(kind)}`}
          title={`${counts.get(kind)} ${KINDS[kind].word}`}
        />
      ))}
    </div>
  );
}

function numberClass(kind: CellKind, count: number): string {
  return `number ${count === 0 ? "zero" : needsAttention(kind) ? "look" : ""}`.trim();
}

/** What the summary is of. */
export interface SummaryProps {
  /** All results. */
  readonly merged: Merged;
  /** All clauses. */
  readonly ids: readonly string[];
  /** How many cells are of each kind. */
  readonly counts: ReadonlyMap<CellKind, number>;
}

/** Headline, counts for each configuration, and what is missing or contradictory. */
export function Summary({ merged, ids, counts }: SummaryProps): JSX.Element {
  const { configurations, problems } = merged;
  const kinds = ORDER.filter((kind) => counts.has(kind));
  const { state, text } = headline(merged, counts);
  const size = `${plural(ids.length, "clause")} on ${
    plural(configurations.length, "configuration")
  }.`;
  return (
    <section id="summary">
      <p class={`headline ${state}`}>{text}</p>
      <p class="faint">{[size, unselectedText(counts) ?? []].flat().join(" ")}</p>
      <div class="wide">
        <table class="counts">
          <thead>
            <tr>
              <th scope="col">Configuration</th>
              <th scope="col" class="bars">Share</th>
              {kinds.map((kind) => (
                <th key={kind} scope="col" class="number" title={KINDS[kind].about}>
                  <i class={`swatch ${kind}`} aria-hidden="true" /> {KINDS[kind].word}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {configurations.map((configuration) => {
              const own = countKinds(configuration, ids);
              return (
                <tr key={configuration.name}>
                  <th scope="row">{configuration.name}</th>
                  <td class="bars">
                    <Bar counts={own} />
                  </td>
                  {kinds.map((kind) => (
                    <td key={kind} class={numberClass(kind, own.get(kind) ?? 0)}>
                      <i class={`swatch ${kind}`} aria-hidden="true" />
                      <span class="word">{KINDS[kind].word}</span>
                      {own.get(kind) ?? 0}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {problems.length === 0 ? null : (
        <>
          <h2>Missing or contradictory</h2>
          <ul>{problems.map((problem) => <li key={problem}>{problem}</li>)}</ul>
        </>
      )}
    </section>
  );
}
