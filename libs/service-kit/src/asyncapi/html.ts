/** Text as HTML. */
import { Marked } from 'marked';

/** @returns text that HTML shows as it is */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

// What looks like an element in a description is text: `<command>_success`.
const marked = new Marked({ renderer: { html: ({ text }) => escaped(text) } });

/** @returns Markdown as HTML */
export const markdown = (text: unknown): string =>
  typeof text === 'string' ? marked.parse(text, { async: false }) : '';

/** @returns Markdown as HTML within a line */
export const inlineMarkdown = (text: unknown): string =>
  typeof text === 'string' ? marked.parseInline(text, { async: false }) : '';

/** @returns a value as JSON that people read */
export const json = (value: unknown): string => `<pre><code>${escaped(JSON.stringify(value, null, 2))}</code></pre>`;

/** @returns a table; cells are HTML */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  return `<div class="scroll"><table><thead>${row(head, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('\n')}</tbody></table></div>`;
}
