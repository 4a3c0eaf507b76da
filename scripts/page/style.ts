/**
 * What all pages look like: type, colours of light and dark, tables, and the
 * card of details.
 *
 * @module
 */

/** The style sheet of the shell. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#ffffff, #14171c);
  --ink: light-dark(#1d2128, #e4e7ec);
  --faint: light-dark(#5d6672, #9aa4b2);
  --line: light-dark(#d8dce2, #333a44);
  --card: light-dark(#f6f7f9, #1d2229);
  --accent: light-dark(#1d56c9, #86b1ff);
}
* { box-sizing: border-box; }
body {
  margin: 0 auto;
  padding: 1rem 1rem 14rem;
  max-width: 90rem;
  background: var(--paper);
  color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif;
}
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h2 small { font-weight: normal; color: var(--faint); }
p { margin: .25rem 0; }
a { color: var(--accent); }
.faint { color: var(--faint); }
.mono, code { font-family: ui-monospace, monospace; font-size: .875em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; }
th, td {
  padding: .2rem .75rem .2rem 0;
  border-bottom: 1px solid var(--line);
  text-align: left;
  vertical-align: top;
}
summary { cursor: pointer; margin-top: 2rem; font-weight: 600; }
button, input[type="search"] {
  font: inherit;
  color: inherit;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: .4rem;
  padding: .35rem .6rem;
}
button { cursor: pointer; }
input[type="search"] { width: min(100%, 22rem); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
#details {
  position: fixed;
  z-index: 10;
  right: 1rem;
  bottom: 1rem;
  width: min(27rem, calc(100vw - 2rem));
  max-height: 60vh;
  overflow: auto;
  padding: .75rem 1rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: .6rem;
  box-shadow: 0 4px 18px rgb(0 0 0 / .25);
  font-size: .875rem;
}
#details h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
#details dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .75rem; margin: .5rem 0 0; }
#details dt { color: var(--faint); }
#details dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  html { scroll-padding-bottom: 44vh; }
  body { padding: .75rem .75rem 16rem; }
  #details {
    right: 0;
    bottom: 0;
    width: 100%;
    max-height: 42vh;
    border-width: 1px 0 0;
    border-radius: .8rem .8rem 0 0;
  }
}
@media print { #details { display: none; } }
`;
