import { Type } from '@sinclair/typebox';
import { parseStrings } from './parse-strings.js';

const schema = Type.Object({
  count: Type.Integer(),
  ratio: Type.Number(),
  isNew: Type.Boolean(),
  name: Type.String(),
  tags: Type.Array(Type.Integer()),
});

describe('parseStrings', () => {
  it('reads what the schema asks for', () => {
    const values = { count: '12', ratio: '-0.5', isNew: 'true', name: '12', tags: '7', other: '1' };
    expect(parseStrings(schema, values)).toEqual({
      count: 12,
      ratio: -0.5,
      isNew: true,
      name: '12',
      tags: [7],
      other: '1',
    });
    expect(parseStrings(schema, { tags: ['7', '8'] })).toEqual({ tags: [7, 8] });
  });

  it.each(['', ' 1', '1.5', '0x10', '1e3', 'true', '99999999999999999'])(
    'leaves %p as it is where a whole number is asked for',
    (count) => {
      expect(parseStrings(schema, { count })).toEqual({ count });
    },
  );
});
