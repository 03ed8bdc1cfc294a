import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DEAD_LETTER_CAUSES, FAILURE_CODES, SAGA_ERROR_CODES, messageOf } from './errors.js';

describe('docs/errors.md', () => {
  it('explains every code that saga-core uses, and no other', () => {
    const text = readFileSync(path.join(__dirname, '../../../docs/errors.md'), 'utf8');
    const section = text.slice(text.indexOf('## saga-core'), text.indexOf('## The operator'));
    const documented = [...section.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual([...SAGA_ERROR_CODES, ...FAILURE_CODES, ...DEAD_LETTER_CAUSES].sort());
  });
});

describe('the message of what was thrown', () => {
  it('is cut between characters', () => {
    expect(messageOf(new Error('😀'.repeat(600)))).toBe(`${'😀'.repeat(499)}…`);
  });

  it.each([
    ['nothing', undefined, 'undefined'],
    ['a number', 7, '7'],
    ['an error whose message is a number', Object.assign(new Error(), { message: 7 }), '7'],
    ['what has no text', Object.create(null) as unknown, 'Something was thrown that has no text'],
  ])('is there for %s', (_what, thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });
});
