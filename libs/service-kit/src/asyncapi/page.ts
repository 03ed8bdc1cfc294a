/** The page that shows a service's AsyncAPI document to people. It needs no script, and nothing from elsewhere. */
import type { AsyncApiDocument } from 'saga-core/asyncapi';
import type { ServiceUrls } from '../service-urls.js';
import { documentHtml } from './document-html.js';
import { escaped } from './html.js';

export const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * @param current - the service whose page it is
 * @param services - where the services are, to link their pages
 */
export function asyncApiPage(document: AsyncApiDocument, current: string, services: ServiceUrls): string {
  const links = services.map(({ name, url }) =>
    name === current
      ? `<a aria-current="page" href="asyncapi">${escaped(name)}</a>`
      : `<a href="${escaped(url)}/asyncapi">${escaped(name)}</a>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(document.info.title)}: AsyncAPI</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="asyncapi/page.css">
</head>
<body>
<header class="services">${links.join('\n')}<span></span><a href="asyncapi.yaml">YAML</a><a href="asyncapi.json">JSON</a></header>
<div class="document">
${documentHtml(document)}
</div>
</body>
</html>
`;
}

export const PAGE_STYLE = `:root { color-scheme: light dark; --line: #d9dee4; --soft: #f5f7fa; --text: #1f2933; --link: #0b63ce; }
@media (prefers-color-scheme: dark) { :root { --line: #3b4754; --soft: #1b232c; --text: #e4e7eb; --link: #7cb7ff; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: var(--text); }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { font: 0.875em/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
code { background: var(--soft); padding: 0.1em 0.3em; border-radius: 4px; }
pre { background: var(--soft); padding: 0.75rem 1rem; border-radius: 6px; overflow: auto; margin: 0.5rem 0; }
pre code { background: none; padding: 0; }
.services { display: flex; flex-wrap: wrap; gap: 1.25rem; padding: 0.75rem 1.5rem; background: #1f2933; font-size: 0.9rem; }
.services span { flex: 1; }
.services a { color: #cbd2d9; }
.services a:hover, .services a[aria-current] { color: #fff; }
.services a[aria-current] { font-weight: 600; }
.document { display: grid; grid-template-columns: 19rem minmax(0, 1fr); }
.contents { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1.5rem; border-right: 1px solid var(--line); font-size: 0.85rem; }
.contents ul { list-style: none; margin: 0.25rem 0 1.25rem; padding: 0; overflow-wrap: anywhere; }
.contents li { margin: 0.2rem 0; }
main { padding: 1.5rem 2.5rem 4rem; max-width: 68rem; }
h1 { margin: 0 0 0.5rem; }
h1 small { font-size: 0.9rem; font-weight: 400; opacity: 0.7; }
h2 { margin: 2.5rem 0 1rem; padding-bottom: 0.3rem; border-bottom: 1px solid var(--line); }
h3 { margin: 0 0 0.5rem; overflow-wrap: anywhere; }
article { margin: 1rem 0; padding: 1.25rem; border: 1px solid var(--line); border-radius: 8px; }
article:target { border-color: var(--link); }
article p { margin: 0.5rem 0; }
.badge { font-size: 0.75rem; font-weight: 600; padding: 0.2rem 0.5rem; border-radius: 4px; color: #fff; background: #2f6f44; vertical-align: middle; }
.badge.send { background: #0b63ce; }
.scroll { overflow: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 0.75rem; border-bottom: 1px solid var(--line); }
td p { margin: 0 0 0.25rem; }
.limits { opacity: 0.75; }
summary { cursor: pointer; color: var(--link); }
@media (max-width: 60rem) {
  .document { display: block; }
  .contents { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
  main { padding: 1.25rem; }
}
`;
