// Puts the renderer of the /asyncapi pages beside what is compiled: the two files that are needed, of a package of 119 MB.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './lib/paths.js';

const from = path.join(root, 'node_modules/@asyncapi/react-component');
const to = path.join(root, 'libs/service-kit/dist/asyncapi-page');
fs.mkdirSync(to, { recursive: true });
const files = [
  'browser/standalone/without-parser.js',
  'browser/standalone/without-parser.js.LICENSE.txt',
  'styles/default.min.css',
];
for (const file of files) {
  const source = path.join(from, file);
  const target = path.join(to, path.basename(file));
  const isThere = fs.existsSync(target) && fs.statSync(target).size === fs.statSync(source).size;
  if (!isThere) fs.copyFileSync(source, target);
}
