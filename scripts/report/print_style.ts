/**
 * What the report looks like on paper.
 *
 * @module
 */

/** The style sheet of the printed report. */
export const PRINT_STYLE = `
@page { margin: 12mm; }
@page wide { size: landscape; }
@media print {
  :root { color-scheme: light; }
  body, body.with-details { padding: 0; max-width: none; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  #tools, #details { display: none !important; }
  #filtered:not([hidden]) { display: block; }
  .grid, .with-details .grid { max-height: none; overflow: visible; border: 0; }
  .grid thead th, .grid tr > th:first-child { position: static; }
  .grid thead { display: table-header-group; }
  .grid tr, #attention details, #deviations tr { break-inside: avoid; }
  .grid td.chosen { outline: 0; }
  .many { page: wide; }
  /* Paper does not scroll: the columns share its width, however many they are. */
  .grid table { display: table; table-layout: fixed; width: 100%; min-width: 0; border-spacing: 0; }
  .grid tbody { display: table-row-group; }
  .grid tr { display: table-row; content-visibility: visible; }
  .grid :is(th, td) { display: table-cell; vertical-align: middle; }
  .grid col.clause { width: 34%; }
  .many .grid col.clause { width: 27%; }
  .grid th { font-size: 8pt; }
  .grid :is(th, td) { line-height: 1.3; }
  .grid td { font-size: 8pt; overflow: hidden; }
  .many .grid td { font-size: 7pt; font-weight: 400; }
  .counts { width: 100%; font-size: 8pt; }
  .counts th, .counts td { padding-right: .4rem; }
  td.bars { width: 25%; min-width: 0; }
  #deviations tr td:nth-child(n) { min-width: 0; }
  pre { white-space: pre-wrap; }
  .wide { overflow: visible; background: none; }
}
`;
