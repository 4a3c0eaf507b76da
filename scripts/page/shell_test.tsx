import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { dataText, policyText } from "./escape.ts";
import { renderPage } from "./shell.tsx";

Deno.test("renderPage() escapes text, and data that looks like markup", () => {
  const data = { text: "</script><b>\u2028" };
  const page = renderPage({ title: "<a> & b", about: '"c"', data, children: <p>{"<i>"}</p> });
  assertStringIncludes(page, "<title>&lt;a> &amp; b</title>");
  assertStringIncludes(page, "<p>&lt;i></p>");
  assert(page.startsWith("<!doctype html>\n<html"));
  const [, embedded] = /<script id="page-data"[^>]*>(.*?)<\/script>/.exec(page) ?? [];
  assertEquals(JSON.parse(embedded!), data);
});

Deno.test("renderPage() allows its own script by hash, and nothing from elsewhere", () => {
  const script = "document.title = 1 < 2 && 'x';";
  const page = renderPage({ title: "t", about: "a", script, children: null });
  assertStringIncludes(page, `<script>${script}</script>`);
  assertStringIncludes(page, policyText(script));
  assertEquals(/\b(?:src|href)="(?!data:)/.test(page), false);
});

Deno.test("renderPage() refuses a script that would end its own element", () => {
  assertThrows(
    () => renderPage({ title: "t", about: "a", script: "'</script>'", children: null }),
    SyntaxError,
    "Cannot embed",
  );
});

Deno.test("dataText() leaves no < in the page", () => {
  assertEquals(dataText(["<!--", "\u2029"]), '["\\u003c!--","\\u2029"]');
});
