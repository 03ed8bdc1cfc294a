import { FormatRegistry, Type, type TSchema } from '@sinclair/typebox';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { isValid, problemsOf } from './validation.js';

const text = fc.string({ unit: fc.constantFrom('a', 'é', '😀'), maxLength: 8 });
const bound = fc.option(fc.nat(5), { nil: undefined });

test('the length of a text is what JSON Schema says it is, wherever it stands', () => {
  const ajv = new Ajv();
  fc.assert(
    fc.property(bound, bound, fc.array(text, { maxLength: 2 }), (minLength, maxLength, names) => {
      const name = Type.String({
        ...(minLength === undefined ? {} : { minLength }),
        ...(maxLength === undefined ? {} : { maxLength }),
      });
      const schema = Type.Object({ names: Type.Array(Type.Union([name, Type.Object({ name: Type.Optional(name) })])) });
      const value = { names: names.flatMap((each) => [each, { name: each }]) };
      expect(isValid(schema, value)).toBe(ajv.validate(JSON.parse(JSON.stringify(schema)) as object, value));
    }),
  );
});

const name = Type.String({ minLength: 2, maxLength: 3, pattern: '^[^x]' });

test.each<[string, TSchema, unknown, string]>([
  ['too short, by characters', name, '😀', 'Expected string length greater or equal to 2'],
  ['too long, by characters', name, '😀😀😀😀', 'Expected string length less or equal to 3'],
  ['no text', name, 7, 'Expected string'],
  ['of another form', name, 'xx', "Expected string to match '^[^x]'"],
])('what is said of a text that is %s', (_what, schema, value, message) => {
  expect(problemsOf(schema, value)).toEqual([{ path: '', message }]);
  expect(problemsOf(schema, '😀😀😀')).toEqual([]);
});

test('a format that the schema has itself holds beside its lengths', () => {
  FormatRegistry.Set('shout', (value) => value === value.toUpperCase());
  const schema = Type.String({ format: 'shout', maxLength: 3 });
  expect(['HEY', 'hey', 'HELLO'].map((value) => isValid(schema, value))).toEqual([true, false, false]);
});
