/**
 * What the report says outside of the matrix: what to look at with its
 * evidence, the deviations that are recorded, why clauses are undecided, the
 * searches, and the machines.
 *
 * @module
 */
import type { JSX } from "preact";
import { compareIds } from "../../tests/support/catalogue.ts";
import { FoldedTable } from "../page/table.tsx";
import type { ExecutionRecord, FuzzRun } from "../results/format.ts";
import type { Configuration, Merged } from "../results/merge.ts";
import { detailOf } from "../results/verdicts.ts";
import { kindOf, KINDS, needsAttention } from "./kinds.ts";

/** Everything that executions came to, with where it was. */
interface Seen {
  readonly id: string;
  readonly configuration: string;
  readonly record: ExecutionRecord;
}

function allSeen(configurations: readonly Configuration[], ids: readonly string[]): Seen[] {
  return ids.flatMap((id) =>
    configurations.flatMap(({ name, cells }) =>
      cells.get(id)?.findings.flatMap(({ record }) =>
        record.executions.map((each) => ({ id, configuration: name, record: each }))
      ) ?? []
    )
  );
}

/** The clauses of `seen`, in the order of the catalogue. */
function clausesIn(seen: readonly Seen[]): string[] {
  return [...new Set(seen.map(({ id }) => id))].toSorted(compareIds);
}

/** The configurations of `seen`, in the order of the matrix. */
function placesIn(seen: readonly Seen[], configurations: readonly Configuration[]): string {
  const found = new Set(seen.map(({ configuration }) => configuration));
  return configurations.map(({ name }) => name).filter((name) => found.has(name)).join(", ");
}

interface SeenProps {
  readonly seen: readonly Seen[];
  readonly configurations: readonly Configuration[];
}

/** The address of a cell within the page. */
export function cellAddress(id: string, configuration: string): string {
  return `#${id}/${encodeURIComponent(configuration)}`;
}

/** One cell that somebody has to look at, with the evidence behind a summary. */
function Look(
  { id, configuration }: { readonly id: string; readonly configuration: Configuration },
): JSX.Element {
  const kind = kindOf(configuration, id);
  const findings = configuration.cells.get(id)?.findings ?? [];
  const details = findings.flatMap(({ made, record }) =>
    record.executions.map((each) => {
      const said = detailOf(each) ?? KINDS[each.verdict].about;
      const run = findings.length > 1 ? `${made} ` : "";
      return `${run}${each.execution}: ${KINDS[each.verdict].word}: ${said}`;
    })
  );
  const [first] = findings;
  return (
    <details>
      <summary>
        <span class={`badge ${kind}`}>{KINDS[kind].cell}</span> <b>{id}</b> on {configuration.name}:
        {" "}
        {first?.record.sentence ?? KINDS[kind].about}
      </summary>
      {details.map((text) => <pre key={text}>{text}</pre>)}
      {first === undefined ? null : (
        <p>
          To repeat: <code>{first.record.repeat}</code>{" "}
          <a href={cellAddress(id, configuration.name)}>Show the cell</a>
        </p>
      )}
    </details>
  );
}

/** Every cell that somebody has to look at. */
export function Attention(
  { configurations, ids }: {
    readonly configurations: readonly Configuration[];
    readonly ids: readonly string[];
  },
): JSX.Element | null {
  // What is missing is named above; there is nothing to show of it.
  const looks = ids.flatMap((id) =>
    configurations.filter((each) => each.cells.has(id) && needsAttention(kindOf(each, id)))
      .map((configuration) => ({ id, configuration }))
  );
  if (looks.length === 0) return null;
  return (
    <section id="attention">
      <h2>To be looked at</h2>
      {looks.map(({ id, configuration }) => (
        <Look key={`${id} ${configuration.name}`} id={id} configuration={configuration} />
      ))}
    </section>
  );
}

/** The recorded deviations that were met, with cause and place. */
function Deviations({ seen, configurations }: SeenProps): JSX.Element | null {
  const known = seen.filter(({ record }) => record.verdict === "known-deviation");
  const byId = Map.groupBy(known, ({ record }) => record.deviation!.id);
  const groups = [...byId].toSorted(([a], [b]) => compareIds(a, b));
  if (groups.length === 0) return null;
  return (
    <section id="deviations">
      <h2>Recorded deviations that were met</h2>
      <div class="wide">
        <table>
          <thead>
            <tr>
              {["Deviation", "Clause", "Where", "What was seen, and why"].map((head) => (
                <th key={head} scope="col">{head}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {groups.map(([id, group]) => {
              const { evidence, cause } = group[0]!.record.deviation!;
              const where = Map.groupBy(group, ({ record }) => record.execution);
              return (
                <tr key={id}>
                  <th scope="row">{id}</th>
                  <td>
                    {clausesIn(group).map((clause) => (
                      <a key={clause} href={cellAddress(clause, group[0]!.configuration)}>
                        {clause}
                      </a>
                    ))}
                  </td>
                  <td>
                    {[...where].map(([execution, each]) => (
                      <p key={execution}>
                        {execution}: {placesIn(each, configurations)}
                      </p>
                    ))}
                  </td>
                  <td>
                    <p>{evidence}</p>
                    <p class="faint">{cause}</p>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Undecided({ seen, configurations }: SeenProps): JSX.Element {
  const byReason = Map.groupBy(
    seen.filter(({ record }) => record.reason !== undefined),
    ({ record }) => record.reason!,
  );
  return (
    <FoldedTable
      summary="Why clauses are undecided"
      heads={["Reason", "Clauses", "Where"]}
      rows={[...byReason].map(([reason, group]) => [
        reason,
        clausesIn(group).join(", "),
        placesIn(group, configurations),
      ])}
    />
  );
}

function Searches({ searches }: { readonly searches: readonly FuzzRun[] }): JSX.Element | null {
  if (searches.length === 0) return null;
  return (
    <section id="searches">
      <h2>Searches by random filters</h2>
      <ul>
        {searches.map((run) => (
          <li key={`${run.made} ${run.seed}`}>
            {run.configuration}, {run.execution}, seed {run.seed}:{" "}
            {run.filters.toLocaleString("en")} filters, {run.accesses.toLocaleString("en")}{" "}
            accesses in {run.seconds} s,{" "}
            <b>
              {run.disagreements.length === 0
                ? "no disagreement"
                : `${run.disagreements.length} disagreements`}
            </b>
            {run.disagreements.map(({ text, repeat }) => (
              <details key={text}>
                <summary>{text.split("\n")[0]}</summary>
                <pre>{text}</pre>
                <p>
                  To repeat: <code>{repeat}</code>
                </p>
              </details>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Machines({ configurations }: Pick<Merged, "configurations">): JSX.Element {
  return (
    <FoldedTable
      summary="The configurations"
      heads={["Name", "Kernel", "CPU", "Modules", "Runs", "Selected", "Died"]}
      rows={configurations.map(({ name, host, runs, selected, died }) => [
        name,
        host?.kernel,
        host?.cpu,
        Object.keys(host?.modules ?? {}).join(", "),
        runs,
        selected.length,
        died.length === 0
          ? ""
          : <pre key="died">{died.map(({ failure }) => failure).join("\n\n")}</pre>,
      ])}
    />
  );
}

/** What follows the matrix. */
export function Background(
  { merged, ids }: { readonly merged: Merged; readonly ids: readonly string[] },
): JSX.Element {
  const { configurations } = merged;
  const seen = allSeen(configurations, ids);
  return (
    <>
      <Deviations seen={seen} configurations={configurations} />
      <Searches searches={merged.searches} />
      <Undecided seen={seen} configurations={configurations} />
      <Machines configurations={configurations} />
    </>
  );
}
