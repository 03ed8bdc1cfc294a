import { readFileSync } from 'node:fs';
import path from 'node:path';
import { OPERATOR_PROBLEMS } from './operator-problems.js';

describe('docs/errors.md', () => {
  it("explains every code that the operator's routes answer with, and no other", () => {
    const text = readFileSync(path.join(__dirname, '../../../../docs/errors.md'), 'utf8');
    const section = text.slice(text.indexOf('## The operator'), text.indexOf('## The services'));
    const documented = [...section.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual(Object.keys(OPERATOR_PROBLEMS).sort());
  });
});
