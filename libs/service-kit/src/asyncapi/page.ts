/** The page that shows a service's AsyncAPI document to people. It needs nothing from elsewhere. */
import type { ServiceUrls } from '../service-urls.js';

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** The renderer makes functions out of text, and style elements; so this route alone allows them. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * @param title - of the document
 * @param current - the service whose page it is
 * @param services - where the services are, to link their pages
 */
export function asyncApiPage(title: string, current: string, services: ServiceUrls): string {
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
<title>${escaped(title)}: AsyncAPI</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="asyncapi/default.min.css">
<link rel="stylesheet" href="asyncapi/page.css">
</head>
<body>
<nav class="services">${links.join('\n')}<span></span><a href="asyncapi.yaml">YAML</a><a href="asyncapi.json">JSON</a></nav>
<div id="document"><p class="waiting">Rendering…</p></div>
<noscript><p class="waiting">This page needs JavaScript. The document is <a href="asyncapi.yaml">here</a> as well.</p></noscript>
<script src="asyncapi/without-parser.js"></script>
<script src="asyncapi/page.js"></script>
</body>
</html>
`;
}

export const PAGE_SCRIPT = `fetch('asyncapi/document.json')
  .then((response) => response.json())
  .then((schema) =>
    AsyncApiStandalone.render(
      { schema, config: { show: { sidebar: true, errors: true }, sidebar: { showOperations: 'byDefault' }, expand: { messageExamples: true } } },
      document.getElementById('document'),
    ),
  )
  .catch((error) => {
    document.getElementById('document').textContent = 'The document could not be rendered: ' + error.message;
  });
`;

export const PAGE_STYLE = `body { margin: 0; font-family: system-ui, sans-serif; }
.services { display: flex; flex-wrap: wrap; gap: 1.25rem; padding: 0.75rem 1.5rem; background: #1f2933; font-size: 0.9rem; }
.services span { flex: 1; }
.services a { color: #cbd2d9; text-decoration: none; }
.services a:hover { color: #fff; text-decoration: underline; }
.services a[aria-current] { color: #fff; font-weight: 600; }
.waiting { padding: 2rem; }
#document { overflow-wrap: anywhere; }
#document code::before, #document code::after { content: none; }
`;
