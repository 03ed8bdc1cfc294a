/** An AsyncAPI document as HTML for people: operations, channels, messages and schemas, linked with each other. */
import type { AsyncApiDocument } from 'saga-core/asyncapi';
import { escaped, inlineMarkdown, json, markdown, table } from './html.js';
import { schemaHtml, schemaLink, type Schema } from './schema-html.js';

/** Of a document's objects, what is shown. References are not resolved: they become links. */
interface Reference {
  readonly $ref: string;
}
interface Operation {
  readonly action: string;
  readonly summary?: string;
  readonly channel: Reference;
  readonly messages: readonly Reference[];
  readonly reply?: { readonly channel: Reference; readonly messages: readonly Reference[] };
}
interface Channel {
  readonly title?: string;
  readonly address: string | null;
  readonly description?: string;
  readonly messages: Readonly<Record<string, Reference>>;
  readonly bindings: { readonly amqp: Readonly<Record<string, unknown>> };
}
interface Message {
  readonly title: string;
  readonly summary?: string;
  readonly description?: string;
  readonly headers?: Reference;
  readonly payload?: Reference;
  readonly examples?: readonly { readonly name?: string; readonly headers?: unknown; readonly payload?: unknown }[];
}

/** @returns the body of the page, and what its table of contents needs */
export function documentHtml(document: AsyncApiDocument): string {
  const operations = Object.entries(document.operations as unknown as Readonly<Record<string, Operation>>);
  const channels = Object.entries(document.channels as unknown as Readonly<Record<string, Channel>>);
  const messages = Object.entries(document.components.messages as unknown as Readonly<Record<string, Message>>);
  const schemas = Object.entries(document.components.schemas as Readonly<Record<string, Schema>>);
  const titles = new Map(messages.map(([name, { title }]) => [name, title]));
  const link = ({ $ref }: Reference): string => {
    const name = $ref.split('/').at(-1)!;
    return `<a href="#message-${escaped(name)}">${escaped(titles.get(name) ?? name)}</a>`;
  };
  const list = (references: readonly Reference[]): string =>
    `<ul>${references.map((reference) => `<li>${link(reference)}</li>`).join('')}</ul>`;
  return `<nav class="contents">
${contents(
  'Operations',
  'operation',
  operations.map(([name]) => [name, name]),
)}
${contents(
  'Channels',
  'channel',
  channels.map(([name]) => [name, name]),
)}
${contents(
  'Messages',
  'message',
  messages.map(([name, { title }]) => [name, title]),
)}
${contents(
  'Schemas',
  'schema',
  schemas.map(([name]) => [name, name]),
)}
</nav>
<main>
<h1>${escaped(document.info.title)} <small>${escaped(document.info.version)}</small></h1>
${markdown(document.info.description)}
${section('Servers', [serversOf(document)])}
${section(
  'Operations',
  operations.map(([name, operation]) => operationHtml(name, operation, list)),
)}
${section(
  'Channels',
  channels.map(([name, channel]) => channelHtml(name, channel, list)),
)}
${section(
  'Messages',
  messages.map(([name, message]) => messageHtml(name, message)),
)}
${section(
  'Schemas',
  schemas.map(([name, schema]) => schemaHtml(name, schema)),
)}
</main>`;
}

const section = (title: string, parts: readonly string[]): string =>
  `<section id="${title.toLowerCase()}"><h2>${title}</h2>\n${parts.join('\n')}\n</section>`;

const contents = (title: string, prefix: string, entries: readonly (readonly [string, string])[]): string =>
  `<strong>${title}</strong>\n<ul>${entries
    .map(([name, text]) => `<li><a href="#${prefix}-${escaped(name)}">${escaped(text)}</a></li>`)
    .join('')}</ul>`;

const serversOf = ({ servers }: AsyncApiDocument): string =>
  table(
    ['server', 'protocol', ''],
    Object.values(servers).map((server) => [
      `<code>${escaped(String(server.host))}</code>`,
      escaped(`${String(server.protocol)} ${String(server.protocolVersion)}`),
      inlineMarkdown(server.description),
    ]),
  );

type List = (references: readonly Reference[]) => string;

function operationHtml(name: string, { action, summary, channel, messages, reply }: Operation, list: List): string {
  return `<article id="operation-${escaped(name)}"><h3><span class="badge ${escaped(action)}">${escaped(action)}</span> ${escaped(name)}</h3>
${markdown(summary)}<p>Channel: ${channelLink(channel)}</p>${list(messages)}
${reply ? `<p>Replies: ${channelLink(reply.channel)}</p>${list(reply.messages)}` : ''}</article>`;
}

function channelLink({ $ref }: Reference): string {
  const name = escaped($ref.split('/').at(-1)!);
  return `<a href="#channel-${name}">${name}</a>`;
}

function channelHtml(name: string, channel: Channel, list: List): string {
  const { bindingVersion: _version, ...binding } = channel.bindings.amqp;
  return `<article id="channel-${escaped(name)}"><h3>${escaped(name)} <code>${escaped(channel.address ?? channel.title ?? '')}</code></h3>
${markdown(channel.description)}${list(Object.values(channel.messages))}${details('AMQP', json(binding))}</article>`;
}

function messageHtml(name: string, message: Message): string {
  const { title, summary, description, headers, payload, examples = [] } = message;
  const parts = [
    ...(headers ? [`Properties and headers: ${schemaLink(headers.$ref)}`] : []),
    ...(payload ? [`Body: ${schemaLink(payload.$ref)}`] : []),
  ];
  const shown = examples.map(({ name: example, ...values }) =>
    details(example ? `Example: ${example}` : 'Example', json(values)),
  );
  return `<article id="message-${escaped(name)}"><h3>${escaped(title)}</h3>
${markdown(summary)}${markdown(description)}<p>${parts.join('<br>')}</p>${shown.join('\n')}</article>`;
}

const details = (summary: string, content: string): string =>
  `<details><summary>${escaped(summary)}</summary>${content}</details>`;
