/**
 * A table that a reader opens when the picture is not enough.
 *
 * @module
 */
import type { ComponentChildren, JSX } from "preact";

/** What is in the table. */
export interface FoldedTableProps {
  /** The line that opens it. */
  readonly summary: string;
  /** The columns' heads. */
  readonly heads: readonly string[];
  /** The rows, a cell for each head. */
  readonly rows: readonly (readonly ComponentChildren[])[];
}

/** A table behind a summary; nothing without rows. */
export function FoldedTable({ summary, heads, rows }: FoldedTableProps): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <details>
      <summary>{summary}</summary>
      <div class="wide">
        <table>
          <tr>{heads.map((head) => <th key={head}>{head}</th>)}</tr>
          {rows.map((cells, row) => (
            <tr key={row}>{cells.map((cell, column) => <td key={column}>{cell}</td>)}</tr>
          ))}
        </table>
      </div>
    </details>
  );
}
