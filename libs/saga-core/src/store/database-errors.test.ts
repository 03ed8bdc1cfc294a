import { isUnavailable } from './database-errors.js';

const refused = (code: string, severity: 'FATAL' | 'ERROR') => Object.assign(new Error('no'), { code, severity });

it.each(['55000', '28000', '28P01'])(
  'the database is out of reach when it ends a session with %s, and only then',
  (code) => {
    expect(isUnavailable(refused(code, 'FATAL'))).toBe(true);
    expect(isUnavailable(refused(code, 'ERROR'))).toBe(false);
  },
);
