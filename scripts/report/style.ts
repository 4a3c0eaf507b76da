/**
 * What the report looks like on a screen, beside what all pages do.
 *
 * Verdicts differ in how light they are and not in hue alone, and have their words.
 *
 * @module
 */

/** The style sheet of the report, but for paper. */
export const SCREEN_STYLE = `
:root {
  --holds: light-dark(#e4f5e8, #1a3723);
  --known: light-dark(#ffcf5c, #8f6a00);
  --bad: light-dark(#b3261e, #d9453b);
  --dark-bad: light-dark(#7a130d, #96241c);
  --gone: light-dark(#8a4b00, #a85a00);
  --flaky: light-dark(#7b2fb5, #9a55d1);
  --none: light-dark(#e6e8ec, #2a3038);
  --hatch: light-dark(#c9ced6, #454e5a);
}
body { padding-bottom: 4rem; }
body.with-details { padding-bottom: 62vh; }
.holds { --cell: var(--holds); }
.known-deviation { --cell: var(--known); }
.deviates, .deviation-gone, .error { --cell: var(--bad); --text: #fff; }
.deviation-gone { --cell: var(--gone); }
.error { --cell: repeating-linear-gradient(135deg, var(--bad) 0 4px, var(--dark-bad) 4px 6px); }
.flaky { --cell: var(--flaky); --text: #fff; }
.undecided { --cell: repeating-linear-gradient(135deg, var(--none) 0 4px, var(--hatch) 4px 5px); }
.missing, .unselected { --cell: transparent; }
.missing { box-shadow: inset 0 0 0 2px var(--flaky); }
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
.headline.open { border-color: light-dark(#d99a00, #e6b422); }
.headline.alarm { border-color: var(--bad); }
.counts { margin-top: .75rem; }
.counts th { font-weight: normal; }
.counts thead th { color: var(--faint); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.number.look { font-weight: 700; color: var(--bad); }
.counts td :is(.swatch, .word) { display: none; }
td.bars { min-width: 10rem; width: 30rem; }
.bar { display: flex; height: 1rem; gap: 1px; border-radius: .25rem; overflow: hidden; margin-top: .15rem; }
.bar i { background: var(--cell); min-width: 3px; flex-basis: 0; }
.swatch { display: inline-block; width: .75rem; height: .75rem; border-radius: .15rem; background: var(--cell); }
:is(.bar, .counts) .holds { --cell: light-dark(#3f9e60, #2f8a52); }
:is(.bar, .counts) .known-deviation { --cell: light-dark(#ffc83d, #e6b422); }
.bar .unselected, .swatch.unselected { box-shadow: inset 0 0 0 1px var(--line); }
pre {
  margin: .35rem 0;
  padding: .5rem .6rem;
  overflow-x: auto;
  background: var(--paper);
  border: 1px solid var(--line);
  border-radius: .4rem;
  font: .8125rem/1.4 ui-monospace, monospace;
}
pre:is(.wrapped, .lines) { white-space: pre-wrap; overflow-wrap: anywhere; }
pre.lines span { display: block; padding-left: 5ch; text-indent: -5ch; }
#details dd { white-space: pre-wrap; }
/* A shadow at the edge of what goes on beyond it. */
.wide {
  background:
    linear-gradient(to right, var(--paper) 30%, transparent) left / 2rem 100% local,
    linear-gradient(to left, var(--paper) 30%, transparent) right / 2rem 100% local,
    linear-gradient(to right, light-dark(#0003, #000a), transparent) left / .75rem 100% scroll,
    linear-gradient(to left, light-dark(#0003, #000a), transparent) right / .75rem 100% scroll;
  background-repeat: no-repeat;
}
code { user-select: all; overflow-wrap: anywhere; }
section + section { margin-top: 2rem; }
#attention summary, #searches summary, #details summary, #tools summary { margin-top: .35rem; font-weight: normal; }
#deviations td a { display: block; }
#deviations td:nth-child(3) { min-width: 12rem; }
#deviations td:nth-child(4) { min-width: 24rem; max-width: 48rem; }
#tools p { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; margin: .5rem 0; }
#tools fieldset { border: 0; padding: 0; margin: .25rem 0; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; font-size: .875rem; }
#tools label { overflow-wrap: anywhere; }
#tools label:has([type="search"]) { display: flex; gap: .5rem; align-items: center; flex: 0 1 28rem; overflow-wrap: normal; }
#tools [type="search"] { flex: 1; min-width: 0; }
#tools [type="checkbox"] { width: 1.1rem; height: 1.1rem; margin: 0 .15rem 0 0; vertical-align: -.2rem; }
#tools legend { float: left; color: var(--faint); margin-right: 1rem; }
#tools small { color: var(--faint); }
#filtered { display: none; }
#nothing { position: sticky; left: 0; margin: 0; padding: 1.5rem .5rem; color: var(--faint); }
.grid { overflow: auto; max-height: 92vh; border: 1px solid var(--line); border-radius: .4rem; }
.with-details .grid { max-height: 42vh; }
/* Rows are laid out and painted as they come into sight: there may be thousands. */
.grid {
  --clause: 34rem;
  --cell-width: 4.25rem;
  --widest: 6rem;
  scroll-padding: calc(var(--head, 0px) + 1px) 1px 1px calc(var(--side, 0px) + 1px);
}
.grid :is(table, thead, tbody) { display: block; }
.grid table { min-width: calc(var(--clause) + var(--columns) * var(--cell-width)); }
.grid tr {
  display: grid;
  grid-template-columns: minmax(var(--clause), 1fr) repeat(var(--columns), minmax(var(--cell-width), var(--widest)));
}
/* Whole pixels, or some of the lines between rows fall between two and are not seen. */
.grid :is(th, td) { line-height: 1.25rem; }
.grid tbody tr { content-visibility: auto; contain-intrinsic-block-size: auto calc(1.625rem + 1px); }
.grid .chapter th { grid-column: 1 / -1; }
.grid [hidden] { display: none; }
.grid th { overflow-wrap: anywhere; font-weight: normal; padding: .1875rem .5rem; background: var(--paper); }
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
.grid .chapter th { background: var(--card); font-weight: 600; padding: .3125rem .5rem; }
.grid .chapter span { position: sticky; left: .5rem; }
.grid td {
  padding: .1875rem 0;
  text-align: center;
  background: var(--cell);
  color: var(--text, var(--ink));
  border-left: 1px solid var(--paper);
  border-bottom: 1px solid var(--line);
  font-size: .8125rem;
  align-content: center;
  cursor: pointer;
}
.grid td:is(.known-deviation, .deviates, .deviation-gone, .error, .flaky, .missing) { font-weight: 600; }
.grid td.unselected { color: var(--faint); }
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
@media (hover: none) {
  .keys { display: none; }
}
@media (pointer: coarse) {
  #tools label { display: inline-flex; gap: .35rem; align-items: center; min-height: 2.5rem; }
  #tools [type="checkbox"] { width: 1.4rem; height: 1.4rem; }
}
@media screen and (max-width: 56rem) {
  .counts, .counts tbody { display: block; }
  .counts thead { display: none; }
  .counts tr { display: flex; flex-wrap: wrap; gap: .15rem .9rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .counts :is(th, td) { padding: 0; border: 0; }
  .counts :is(th, td.bars) { flex: 0 0 100%; min-width: 0; }
  .counts th { font-weight: 600; }
  .counts td.zero { display: none; }
  .counts td .swatch { display: inline-block; }
  .counts td .word { display: inline; margin: 0 .2rem 0 .3rem; color: var(--faint); }
}
/* On a screen that is low and wide the details are beside the matrix, not below it. */
@media screen and (max-height: 32rem) and (min-width: 40rem) {
  .grid, .with-details .grid { --clause: 13rem; max-height: 96vh; }
  .grid thead th + th span { max-height: 5rem; }
  body.with-details { padding: 1rem calc(50vw + .5rem) 1rem 1rem; }
  #details {
    left: auto;
    top: 0;
    width: 50vw;
    height: 100vh;
    max-height: 100vh;
    border-width: 0 0 0 2px;
    padding: .75rem 1rem;
  }
  #details section { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 40rem) {
  .headline { margin-top: 1rem; font-size: 1.1rem; }
  .grid { max-height: 80vh; }
  .with-details .grid { max-height: 38vh; }
  .grid { --clause: 9.5rem; --cell-width: 3.5rem; --widest: 4rem; }
  .grid tbody th { font-size: .75rem; line-height: 1rem; }
  #tools legend { float: none; padding: 0; margin: 0; }
  #details { height: 60vh; max-height: 60vh; }
  #details section { grid-template-columns: minmax(0, 1fr); }
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
`;
