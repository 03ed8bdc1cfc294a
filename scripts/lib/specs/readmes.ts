/** Parts of READMEs that are made of contracts and definitions. Each stands between two comments. */
import fs from 'node:fs';
import path from 'node:path';
import { serviceContracts } from 'messages';
import { sequenceDiagramOf, stateDiagramOf } from 'saga-core';
import { createOrderSaga } from '../../../apps/order-service/src/create-order-saga/create-order-saga.js';
import type { GeneratedFile } from './generated-file.js';
import { root } from '../paths.js';
import { contractTable, handledTable, stepTable } from './tables.js';

/** @returns the READMEs, with their parts made anew */
export function readmes(): GeneratedFile[] {
  const drawings = [sequenceDiagramOf(createOrderSaga), stateDiagramOf(createOrderSaga)];
  return [
    readme('apps/order-service', {
      steps: stepTable(createOrderSaga),
      drawings: drawings.map((drawing) => `\`\`\`mermaid\n${drawing}\`\`\`\n`).join('\n'),
    }),
    readme('libs/messages', { commands: contractTable(serviceContracts) }),
    ...serviceContracts.map((service) =>
      readme(`apps/${service.name.replace('_', '-')}`, { commands: handledTable(service) }),
    ),
  ];
}

/** @throws when a README has lost the comments around a part */
function readme(folder: string, parts: Readonly<Record<string, string>>): GeneratedFile {
  const file = path.join(root, folder, 'README.md');
  const text = Object.entries(parts).reduce((before, [name, part]) => {
    const [begin, end] = ['begin', 'end'].map((word) => `<!-- ${word} ${name}: written by npm run specs -->`);
    const [from, to] = [before.indexOf(begin!), before.indexOf(end!)];
    if (from < 0 || to < from) throw new Error(`${folder}/README.md needs the lines "${begin}" and "${end}"`);
    return `${before.slice(0, from)}${begin}\n\n${part}\n${before.slice(to)}`;
  }, fs.readFileSync(file, 'utf8'));
  return { file, text };
}
