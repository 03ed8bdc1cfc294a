import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PROBLEMS } from 'service-kit';
import { ORDER_PROBLEMS } from './orders/order-problems.js';

describe('docs/errors.md', () => {
  it('explains every code that the services answer with, and no other', () => {
    const text = readFileSync(path.join(__dirname, '../../../docs/errors.md'), 'utf8');
    const section = text.slice(text.indexOf('## The services'));
    const documented = [...section.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map((match) => match[1]);
    const codes = [...Object.values(PROBLEMS), ...Object.values(ORDER_PROBLEMS)].map(({ code }) => code);
    expect(documented.sort()).toEqual([...codes, 'REQUEST_REFUSED'].sort());
  });
});
