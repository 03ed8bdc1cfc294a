/**
 * Makes `dist/console`: one script, one stylesheet, one page. Types are checked by `npm run typecheck`, not here: this
 * takes a moment only.
 */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const outdir = here('../dist/console');

await build({
  entryPoints: { console: here('main.tsx') },
  outdir,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'warning',
});
for (const file of ['index.html', 'console.css']) fs.copyFileSync(here(file), `${outdir}/${file}`);
