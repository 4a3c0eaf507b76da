/**
 * What the report looks like beside what all pages do.
 *
 * @module
 */

/** The style sheet of the report. */
export const REPORT_STYLE = `
:root {
  --holds: light-dark(#dff3e4, #17361f);
  --known: light-dark(#fdeec2, #463708);
  --bad: light-dark(#b3261e, #d9453b);
  --flaky: light-dark(#7b2fb5, #9a55d1);
  --none: light-dark(#e6e8ec, #2a3038);
}
body { padding-bottom: 4rem; }
body.with-details { padding-bottom: 62vh; }
.holds { --cell: var(--holds); }
.known-deviation { --cell: var(--known); }
.deviates, .deviation-gone, .error { --cell: var(--bad); --text: #fff; }
.flaky, .missing { --cell: var(--flaky); --text: #fff; }
.undecided, .unselected { --cell: var(--none); }
.unselected { --cell: transparent; }
.badge {
  display: inline-block;
  padding: 0 .4rem;
  border-radius: .3rem;
  background: var(--cell);
  color: var(--text, var(--ink));
  font-size: .8125rem;
  font-weight: 600;
}
.headline { margin-top: 1rem; font-size: 1.25rem; font-weight: 600; padding-left: .75rem; border-left: .3rem solid; }
.headline.calm { border-color: light-dark(#2c8a4b, #58c27d); }
.headline.alarm { border-color: var(--bad); }
.counts { margin-top: .75rem; }
.counts th { font-weight: normal; }
.counts thead th { color: var(--faint); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.number.look { font-weight: 700; color: var(--bad); }
td.bars { min-width: 10rem; width: 30rem; }
.bar { display: flex; height: 1rem; gap: 1px; border-radius: .25rem; overflow: hidden; margin-top: .15rem; }
.bar i { background: var(--cell); min-width: 3px; flex-basis: 0; }
.bar .holds { --cell: light-dark(#58b374, #3d8f57); }
.bar .known-deviation { --cell: light-dark(#e3b320, #c79a12); }
.bar .undecided { --cell: light-dark(#c3c9d1, #4a535f); }
pre {
  margin: .35rem 0;
  padding: .5rem .6rem;
  overflow-x: auto;
  background: var(--paper);
  border: 1px solid var(--line);
  border-radius: .4rem;
  font: .8125rem/1.4 ui-monospace, monospace;
}
pre.wrapped { white-space: pre-wrap; overflow-wrap: anywhere; }
code { user-select: all; overflow-wrap: anywhere; }
section + section { margin-top: 2rem; }
#attention summary, #searches summary, #details summary, #tools summary { margin-top: .35rem; font-weight: normal; }
#deviations td a { display: block; }
#deviations td:nth-child(3) { min-width: 12rem; }
#deviations td:nth-child(4) { min-width: 24rem; max-width: 48rem; }
#tools p { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; margin: .5rem 0; }
#tools fieldset { border: 0; padding: 0; margin: .25rem 0; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; font-size: .875rem; }
#tools label { overflow-wrap: anywhere; }
#tools legend { float: left; color: var(--faint); margin-right: 1rem; }
#tools small { color: var(--faint); }
.grid { overflow: auto; max-height: 92vh; border: 1px solid var(--line); border-radius: .4rem; }
.with-details .grid { max-height: 42vh; }
/* Rows are laid out and painted as they come into sight: there may be thousands. */
.grid { --clause: 34rem; --cell-width: 4.2rem; }
.grid :is(table, thead, tbody) { display: block; }
.grid table { min-width: calc(var(--clause) + var(--columns) * var(--cell-width)); }
.grid tr {
  display: grid;
  grid-template-columns: minmax(var(--clause), 2fr) repeat(var(--columns), minmax(var(--cell-width), 1fr));
}
.grid tbody tr { content-visibility: auto; contain-intrinsic-block-size: auto 1.75rem; }
.grid .chapter th { grid-column: 1 / -1; }
.grid [hidden] { display: none; }
.grid th { overflow-wrap: anywhere; font-weight: normal; padding: .2rem .5rem; background: var(--paper); }
.grid thead { position: sticky; top: 0; z-index: 3; }
.grid thead th { align-content: end; }
.grid thead th:first-child { left: 0; z-index: 4; }
.grid thead th + th { padding: .4rem .2rem; text-align: center; }
.grid thead th + th span {
  display: inline-block;
  writing-mode: vertical-rl;
  transform: rotate(180deg);
  max-height: 11rem;
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}
.grid tr > th:first-child { position: sticky; left: 0; }
.grid tbody th { z-index: 2; }
.grid .chapter th { background: var(--card); font-weight: 600; padding: .35rem .5rem; }
.grid .chapter span { position: sticky; left: .5rem; }
.grid td {
  padding: .2rem 0;
  text-align: center;
  background: var(--cell);
  color: var(--text, var(--ink));
  border-left: 1px solid var(--paper);
  border-bottom: 1px solid var(--paper);
  font-size: .8125rem;
  align-content: center;
  cursor: pointer;
  scroll-margin: 13rem 1rem 1rem 36rem;
}
.grid td.undecided, .grid td.unselected { color: var(--faint); }
.grid td.chosen { outline: 3px solid var(--accent); outline-offset: -3px; }
#details {
  left: 0;
  right: 0;
  bottom: 0;
  width: 100%;
  height: 56vh;
  max-height: 56vh;
  border-width: 2px 0 0;
  border-radius: 0;
  padding: .75rem max(1rem, calc(50vw - 45rem));
}
#details header { display: flex; justify-content: space-between; gap: 1rem; position: sticky; top: -.75rem; padding: .5rem 0; background: var(--card); }
#details section { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 1.5rem; border-top: 1px solid var(--line); margin-top: .5rem; padding-top: .35rem; }
#details section > :only-child { grid-column: 1 / -1; }
#details h4 { margin: .35rem 0; font-size: .9375rem; }
#details code { font-size: .8125rem; }
@media (max-width: 40rem) {
  .headline { margin-top: 1rem; font-size: 1.1rem; }
  .grid { max-height: 80vh; }
  .with-details .grid { max-height: 38vh; }
  .grid { --clause: 9.5rem; --cell-width: 3.4rem; }
  .grid tbody th { font-size: .75rem; line-height: 1.3; }
  .grid td { scroll-margin: 13rem 1rem 1rem 11rem; }
  #details { height: 60vh; max-height: 60vh; }
  #details section { grid-template-columns: minmax(0, 1fr); }
  td.bars, th.bars { display: none; }
  #deviations thead { display: none; }
  #deviations :is(table, tbody, tr, th, td) {
    display: block;
    min-width: 0 !important;
    padding: 0;
    border: 0;
  }
  #deviations tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  #deviations td a { display: inline; }
}
@page { margin: 12mm; }
@media print {
  :root { color-scheme: light; }
  body, body.with-details { padding: 0; max-width: none; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  #tools, #details { display: none !important; }
  .grid, .with-details .grid { max-height: none; overflow: visible; border: 0; }
  .grid thead th, .grid tr > th:first-child { position: static; }
  .grid thead { display: table-header-group; }
  .grid tr, #attention details, #deviations tr { break-inside: avoid; }
  .grid td.chosen { outline: 0; }
  /* Paper does not scroll: the columns share its width, however many they are. */
  .grid table { display: table; table-layout: fixed; width: 100%; min-width: 0; border-spacing: 0; }
  .grid tbody { display: table-row-group; }
  .grid tr { display: table-row; content-visibility: visible; }
  .grid :is(th, td) { display: table-cell; vertical-align: middle; }
  .grid col.clause { width: 34%; }
  .grid th { font-size: 8pt; }
  .grid td { font-size: 5.25pt; overflow: hidden; }
  .counts { width: 100%; font-size: 8pt; }
  .counts th, .counts td { padding-right: .4rem; }
  td.bars { width: 25%; min-width: 0; }
  #deviations tr td:nth-child(n) { min-width: 0; }
  pre { white-space: pre-wrap; }
  .wide { overflow: visible; }
}
`;
