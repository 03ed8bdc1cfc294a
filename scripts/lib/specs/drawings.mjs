/** Drawings of sagas in the README, between two comments, made of their definitions. */
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../paths.mjs';
import { compiled } from './compiled.mjs';

const README = path.join(root, 'apps/order-service/README.md');

/** @returns {Promise<{file: string, text: string}[]>} */
export async function drawnReadmes() {
  const { sequenceDiagramOf, stateDiagramOf } = await compiled('libs/saga-core/dist/index.js');
  const { createOrderSaga } = await compiled('apps/order-service/dist/create-order-saga/create-order-saga.js');
  const drawings = [sequenceDiagramOf(createOrderSaga), stateDiagramOf(createOrderSaga)];
  const [begin, end] = ['begin', 'end'].map((word) => `<!-- ${word} ${createOrderSaga.name}: written by npm run specs -->`);
  const text = fs.readFileSync(README, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${README} has lost the lines "${begin}" and "${end}" around the drawings`);
  const drawn = drawings.map((drawing) => `\`\`\`mermaid\n${drawing}\`\`\`\n`).join('\n');
  return [{ file: README, text: `${text.slice(0, from)}${begin}\n\n${drawn}\n${text.slice(to)}` }];
}
