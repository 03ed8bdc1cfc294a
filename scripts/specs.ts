/** `npm run specs`: writes what is generated from the contracts, or says what of it is stale. */
import fs from 'node:fs';
import path from 'node:path';
import { root, shown } from './lib/paths.js';
import { documents } from './lib/specs/documents.js';

const USAGE = `usage: npm run specs [-- --check]
Writes the documents that are made of contracts and routes into specs/. With --check it writes nothing, and exits with 1
when one is stale.`;

const argv = process.argv.slice(2);
if (argv.some((argument) => argument !== '--check')) {
  console.error(USAGE);
  process.exit(2);
}
const check = argv.includes('--check');
const files = await documents();
const stale = files.filter(({ file, text }) => !fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text);
for (const { file, text } of stale) {
  if (check) console.error(`${shown(file)} is stale: run "npm run specs" and commit it`);
  else {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    console.log(`wrote ${shown(file)}`);
  }
}
// A document that nothing makes any more is stale as well.
const wanted = new Set(files.map(({ file }) => file));
const folder = path.join(root, 'specs');
const left = fs.readdirSync(folder).filter((name) => !wanted.has(path.join(folder, name)));
for (const name of left) {
  if (check) console.error(`specs/${name} is made of nothing any more: run "npm run specs"`);
  else fs.rmSync(path.join(folder, name));
}
process.exit(check && stale.length + left.length > 0 ? 1 : 0);
