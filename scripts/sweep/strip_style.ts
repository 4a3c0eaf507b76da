/**
 * What strips look like.
 *
 * @module
 */

/** The style sheet of strips, for the colours of `kinds`, each of light and dark. */
export function stripStyle(
  kinds: Readonly<Record<string, readonly [light: string, dark: string]>>,
): string {
  const colours = Object.entries(kinds).map(([kind, [light, dark]]) =>
    `.k-${kind} { --cell: light-dark(${light}, ${dark}); }`
  );
  return `
${colours.join("\n")}
.strip {
  display: block;
  width: 100%;
  height: 2rem;
  background: light-dark(#eceef1, #242932);
  border-radius: .25rem;
  cursor: crosshair;
  touch-action: pan-y;
}
.strip rect {
  fill: var(--cell);
  stroke: var(--cell);
  stroke-width: 1.5px;
  vector-effect: non-scaling-stroke;
}
.rows { columns: 21rem; column-gap: 2rem; margin-top: .6rem; }
.row {
  display: grid;
  grid-template-columns: 5.6rem repeat(16, minmax(0, 1fr));
  gap: 1px;
  break-inside: avoid;
  align-items: center;
  padding-bottom: 1px;
}
.row span, .gap { font: .75rem/1.3 ui-monospace, monospace; color: var(--faint); }
.gap { margin: 0; opacity: .75; break-inside: avoid; }
.row i, .legend i {
  position: relative;
  display: block;
  height: 1.05rem;
  border-radius: 2px;
  background-color: var(--cell);
  cursor: pointer;
}
.row i.chosen { outline: 2px solid var(--ink); outline-offset: 1px; z-index: 1; }
.legend {
  list-style: none;
  margin: 1rem 0;
  padding: 0;
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr));
  gap: .25rem 1.5rem;
  font-size: .875rem;
}
.legend li { padding-left: 1.6rem; }
.legend i { float: left; width: 1.05rem; margin: .1rem 0 0 -1.6rem; cursor: default; }
.legend .sample { --cell: light-dark(#b9c0ca, #555f6d); }
.whole { white-space: nowrap; }
.m-passed::after {
  content: "";
  position: absolute;
  left: calc(50% - 2.5px);
  top: calc(50% - 2.5px);
  width: 5px;
  height: 5px;
  border-radius: 50%;
  background: var(--paper);
}
.m-unfiltered { box-shadow: inset 0 0 0 2.5px light-dark(#c21d3a, #ff6b81); }
.m-careful {
  background-image: repeating-linear-gradient(
    135deg,
    transparent 0 3px,
    light-dark(rgb(255 255 255 / .55), rgb(0 0 0 / .5)) 3px 5px
  );
}
.m-careful:not(.sample) { cursor: help; }
`;
}
