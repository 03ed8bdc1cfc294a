/** Relative links between Markdown documents lead somewhere. */
import { existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(__dirname, '..');
const documents = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter(Boolean);

/** @returns the anchors of a document's headings, as GitHub makes them */
function anchorsOf(file: string): string[] {
  const headings = readFileSync(file, 'utf8').matchAll(/^#{1,6} (.+)$/gm);
  return [...headings].map(([, text]) =>
    text!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(documents)('the links of %s lead somewhere', (document) => {
  const text = readFileSync(path.join(root, document), 'utf8').replaceAll(/```[^]*?```/g, '');
  const broken = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => {
      const [file, anchor] = target.split('#') as [string, string?];
      const at = file === '' ? path.join(root, document) : path.resolve(root, path.dirname(document), file);
      return !existsSync(at) || (anchor !== undefined && at.endsWith('.md') && !anchorsOf(at).includes(anchor));
    });
  expect(broken).toEqual([]);
});
