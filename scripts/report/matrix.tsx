/**
 * The matrix of clauses by configuration, with what searches and filters it.
 *
 * @module
 */
import type { JSX } from "preact";
import { chapterOf } from "../../tests/support/catalogue.ts";
import type { Configuration } from "../results/merge.ts";
import type { ReportClause } from "./cell_data.ts";
import { type CellKind, kindOf, KINDS, needsAttention } from "./kinds.ts";

/** What the matrix shows. */
export interface MatrixProps {
  /** The rows, in the order of the catalogue. */
  readonly clauses: readonly ReportClause[];
  /** The columns. */
  readonly configurations: readonly Configuration[];
  /** How many cells there are of each kind that occurs. */
  readonly counts: ReadonlyMap<CellKind, number>;
}

function Tools({ clauses, configurations, counts }: MatrixProps): JSX.Element {
  const kinds = (Object.keys(KINDS) as CellKind[]).filter((kind) => counts.has(kind));
  return (
    <form id="tools" hidden>
      <p>
        <label>
          Search{" "}
          <input
            id="search"
            type="search"
            placeholder="F-05, x2APIC, D-01, ..."
            autocomplete="off"
          />
        </label>
        <label>
          <input id="differing" type="checkbox" /> only where configurations differ
        </label>
        <button id="all" type="button">Show all</button>
      </p>
      <fieldset>
        <legend>Clauses with a cell that is</legend>
        {kinds.map((kind) => (
          <label key={kind} title={KINDS[kind].about}>
            <input
              type="checkbox"
              name="kind"
              value={KINDS[kind].letter}
              data-word={KINDS[kind].word}
            />{" "}
            <span class={`badge ${kind}`}>{KINDS[kind].cell}</span> {KINDS[kind].word}{" "}
            <small>{counts.get(kind)}</small>
          </label>
        ))}
      </fieldset>
      {configurations.length < 2 ? null : (
        <details>
          <summary>Choose configurations</summary>
          <fieldset>
            <legend>Shown</legend>
            {configurations.map(({ name }, i) => (
              <label key={name}>
                <input type="checkbox" name="column" value={i} checked /> {name}
              </label>
            ))}
          </fieldset>
        </details>
      )}
      <p>
        <output id="shown">{clauses.length} of {clauses.length} clauses</output>
        <span class="faint keys">
          {" "}
          Arrow keys move between cells, Enter shows one, Escape closes it, / searches.
        </span>
      </p>
    </form>
  );
}

/** The deviations by which a row can be found. */
function deviationsOf(configurations: readonly Configuration[], id: string): string[] {
  const found = configurations.flatMap(({ cells }) =>
    cells.get(id)?.findings.flatMap(({ record }) =>
      record.executions.flatMap(({ deviation }) => deviation?.id ?? [])
    ) ?? []
  );
  return [...new Set(found)];
}

function Row(
  { clause, configurations }: Pick<MatrixProps, "configurations"> & {
    readonly clause: ReportClause;
  },
): JSX.Element {
  const { id, sentence, source } = clause;
  const kinds = configurations.map((configuration) => kindOf(configuration, id));
  return (
    <tr
      role="row"
      data-kinds={kinds.map((kind) => KINDS[kind].letter).join("")}
      data-also={[source, ...deviationsOf(configurations, id)].join(" ")}
      class={kinds.some(needsAttention) ? "look" : undefined}
    >
      <th role="rowheader">
        <b>{id}</b> {sentence}
      </th>
      {kinds.map((kind, i) => <td key={i} role="gridcell" class={kind}>{KINDS[kind].cell}</td>)}
    </tr>
  );
}

/** The most configurations that upright paper has room for. */
const PORTRAIT = 8;

/** The matrix. */
export function Matrix(props: MatrixProps): JSX.Element {
  const { clauses, configurations } = props;
  const chapters = Map.groupBy(clauses, ({ id }) => id[0]!);
  return (
    <section id="matrix" class={configurations.length > PORTRAIT ? "many" : undefined}>
      <h2>Clauses by configuration</h2>
      <Tools {...props} />
      <p id="filtered" hidden />
      <div class="grid">
        <table
          role="grid"
          aria-label="Clauses by configuration"
          style={`--columns: ${configurations.length}`}
        >
          <colgroup>
            <col class="clause" />
            {configurations.map(({ name }) => <col key={name} />)}
          </colgroup>
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader">Clause</th>
              {configurations.map(({ name }) => (
                <th key={name} role="columnheader" title={name}>
                  <span>{name}</span>
                </th>
              ))}
            </tr>
          </thead>
          {[...chapters].map(([letter, group]) => (
            <tbody key={letter} role="rowgroup">
              <tr class="chapter" role="row">
                <th role="rowheader" colSpan={configurations.length + 1}>
                  <span>{letter}: {chapterOf(letter)}</span>
                </th>
              </tr>
              {group.map((clause) => (
                <Row key={clause.id} clause={clause} configurations={configurations} />
              ))}
            </tbody>
          ))}
        </table>
        <p id="nothing" hidden>No clause matches.</p>
      </div>
    </section>
  );
}
