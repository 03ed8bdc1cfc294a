import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DEAD_LETTER_CAUSES, FAILURE_CODES, SAGA_ERROR_CODES } from './errors.js';

describe('docs/errors.md', () => {
  it('explains every code that saga-core uses, and no other', () => {
    const text = readFileSync(path.join(__dirname, '../../../docs/errors.md'), 'utf8');
    const section = text.slice(text.indexOf('## saga-core'), text.indexOf('## The operator'));
    const documented = [...section.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual([...SAGA_ERROR_CODES, ...FAILURE_CODES, ...DEAD_LETTER_CAUSES].sort());
  });
});
