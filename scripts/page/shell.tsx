/**
 * The shell of a page that needs nothing but itself: document, style, data
 * and script in one file, and a policy that lets it load nothing.
 *
 * @module
 */
import type { ComponentChildren, JSX } from "preact";
import { render } from "preact-render-to-string";
import { dataText, policyText, scriptText } from "./escape.ts";
import { PAGE_STYLE } from "./style.ts";

/** What a page is made of. */
export interface PageParts {
  /** The title, which is the heading too. */
  readonly title: string;
  /** One line below the heading. */
  readonly about: string;
  /** Style beside the shell's own. */
  readonly style?: string;
  /** What the script finds, parsed, in the element `page-data`. */
  readonly data?: unknown;
  /** The script, run when the page is there. */
  readonly script?: string;
  /** The page below its heading. */
  readonly children: ComponentChildren;
}

function Page({ title, about, style = "", data, script, children }: PageParts): JSX.Element {
  const code = scriptText(script ?? "");
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={policyText(code)} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="description" content={about} />
        <title>{title}</title>
        <link rel="icon" href="data:," />
        <style dangerouslySetInnerHTML={{ __html: PAGE_STYLE + style }} />
      </head>
      <body>
        <header>
          <h1>{title}</h1>
          <p class="faint">{about}</p>
        </header>
        <main>{children}</main>
        {data === undefined ? null : (
          <script
            id="page-data"
            type="application/json"
            dangerouslySetInnerHTML={{ __html: dataText(data) }}
          />
        )}
        {code === "" ? null : <script dangerouslySetInnerHTML={{ __html: code }} />}
      </body>
    </html>
  );
}

/**
 * The page as the text of an HTML file.
 *
 * @throws {SyntaxError} When the script cannot be embedded.
 */
export function renderPage(parts: PageParts): string {
  return `<!doctype html>\n${render(<Page {...parts} />)}\n`;
}
