/** Drawings of sagas in the README, between two comments, made of their definitions. */
import fs from 'node:fs';
import path from 'node:path';
import { sequenceDiagramOf, stateDiagramOf, type SagaDefinition } from 'saga-core';
import { createOrderSaga } from '../../../apps/order-service/src/create-order-saga/create-order-saga.js';
import { root } from '../paths.js';
import type { GeneratedFile } from './documents.js';

const README = path.join(root, 'apps/order-service/README.md');

/** @returns the READMEs with their drawings made anew */
export function drawnReadmes(): GeneratedFile[] {
  const saga = createOrderSaga as unknown as SagaDefinition<never, never>;
  const drawings = [sequenceDiagramOf(saga), stateDiagramOf(saga)];
  const mark = (word: string): string => `<!-- ${word} ${createOrderSaga.name}: written by npm run specs -->`;
  const [begin, end] = [mark('begin'), mark('end')];
  const text = fs.readFileSync(README, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${README} has lost the lines "${begin}" and "${end}" around the drawings`);
  const drawn = drawings.map((drawing) => `\`\`\`mermaid\n${drawing}\`\`\`\n`).join('\n');
  return [{ file: README, text: `${text.slice(0, from)}${begin}\n\n${drawn}\n${text.slice(to)}` }];
}
