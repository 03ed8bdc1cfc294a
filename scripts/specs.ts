/** `npm run specs`: writes what is made of contracts, definitions and routes, or says what of it is stale. */
import fs from 'node:fs';
import path from 'node:path';
import { documents } from './lib/specs/documents.js';
import type { GeneratedFile } from './lib/specs/generated-file.js';
import { root } from './lib/paths.js';
import { pages } from './lib/specs/pages.js';
import { contractRecords, shapeRecords } from './lib/specs/records.js';

const USAGE = `usage: npm run specs [-- --check]
Writes what is made of contracts, definitions and routes: the documents in specs/, the tables and drawings in READMEs,
and the records in golden/ folders. With --check it writes nothing, and exits with 1 when a file is stale.`;

/** @returns the exit code: 0; 1 when a file is stale or a record is broken; 2 for wrong arguments */
async function run(options: readonly string[]): Promise<number> {
  const check = options.includes('--check');
  if (options.some((option) => option !== '--check')) {
    console.error(USAGE);
    return 2;
  }
  const { problems, files: records } = await allRecords();
  if (problems.length > 0) {
    console.error(problems.join('\n'));
    return 1;
  }
  const files = [...(await documents()), ...records, ...pages()];
  const stale = files.filter(({ file, text }) => !fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text);
  for (const { file, text } of stale) {
    const shown = path.relative(root, file);
    if (check) console.error(`${shown} is stale: run "npm run specs" and commit it`);
    else {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
      console.log(`wrote ${shown}`);
    }
  }
  const left = leftovers(files);
  for (const file of left) {
    if (check) console.error(`${path.relative(root, file)} is made of nothing any more: run "npm run specs"`);
    else fs.rmSync(file);
  }
  return check && stale.length + left.length > 0 ? 1 : 0;
}

async function allRecords() {
  const [contracts, shapes] = await Promise.all([contractRecords(), shapeRecords()]);
  return { problems: [...contracts.problems, ...shapes.problems], files: [...contracts.files, ...shapes.files] };
}

/** @returns the documents in specs/ that nothing makes any more */
function leftovers(files: readonly GeneratedFile[]): string[] {
  const wanted = new Set(files.map(({ file }) => file));
  const folder = path.join(root, 'specs');
  return fs
    .readdirSync(folder)
    .map((name) => path.join(folder, name))
    .filter((file) => !wanted.has(file));
}

process.exitCode = await run(process.argv.slice(2));
