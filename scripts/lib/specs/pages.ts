/** Parts of pages that are made of contracts and definitions. Each stands between two comments. */
import fs from 'node:fs';
import path from 'node:path';
import { serviceContracts } from 'messages';
import { sequenceDiagramOf, stateDiagramOf } from 'saga-core';
import { createOrderSaga } from '../../../apps/order-service/src/create-order-saga/create-order-saga.js';
import type { GeneratedFile } from './generated-file.js';
import { root } from '../paths.js';
import { contractTable, handledTable, stepTable } from './tables.js';

/** @returns the pages, with their parts made anew */
export function pages(): GeneratedFile[] {
  const drawings = [sequenceDiagramOf(createOrderSaga), stateDiagramOf(createOrderSaga)];
  return [
    page('apps/order-service/README.md', { steps: stepTable(createOrderSaga) }),
    page('apps/order-service/docs/saga-diagrams.md', {
      drawings: drawings.map((drawing) => `\`\`\`mermaid\n${drawing}\`\`\`\n`).join('\n'),
    }),
    page('libs/messages/README.md', { commands: contractTable(serviceContracts) }),
    ...serviceContracts.map((service) =>
      page(`apps/${service.name.replace('_', '-')}/README.md`, { commands: handledTable(service) }),
    ),
  ];
}

/** @throws when a page has lost the comments around a part */
function page(name: string, parts: Readonly<Record<string, string>>): GeneratedFile {
  const file = path.join(root, name);
  const text = Object.entries(parts).reduce((before, [title, part]) => {
    const [begin, end] = ['begin', 'end'].map((word) => `<!-- ${word} ${title}: written by npm run specs -->`);
    const [from, to] = [before.indexOf(begin!), before.indexOf(end!)];
    if (from < 0 || to < from) throw new Error(`${name} needs the lines "${begin}" and "${end}"`);
    return `${before.slice(0, from)}${begin}\n\n${part}\n${before.slice(to)}`;
  }, fs.readFileSync(file, 'utf8'));
  return { file, text };
}
