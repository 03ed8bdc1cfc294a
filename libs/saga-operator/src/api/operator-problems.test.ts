import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PROBLEMS } from 'http-kit';
import { OPERATOR_PROBLEMS } from './operator-problems.js';

const codesOf = (kinds: Record<string, { readonly code: string }>): string[] =>
  Object.values(kinds).map(({ code }) => code);

describe('docs/errors.md', () => {
  it("explains every code of the operator's routes, and beside them only what every API answers", () => {
    const text = readFileSync(path.join(__dirname, '../../../../docs/errors.md'), 'utf8');
    const section = text.slice(text.indexOf('## The operator'), text.indexOf('## The services'));
    const documented = [...section.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map((match) => match[1]!);
    const own = codesOf(OPERATOR_PROBLEMS);
    expect(own.filter((code) => !documented.includes(code))).toEqual([]);
    const known = [...own, ...codesOf(PROBLEMS)];
    expect(documented.filter((code) => !known.includes(code))).toEqual([]);
  });
});
