/** A form made of an example: one field for each number and text in it. */

export interface Field {
  /** Where it stands in the body: `items.0.name`. */
  readonly path: string;
  readonly label: string;
  readonly value: string | number;
}

/** @returns the fields of a body, in its order. */
export function fieldsOf(body: unknown, path: readonly string[] = []): Field[] {
  if (typeof body === 'number' || typeof body === 'string')
    return [{ path: path.join('.'), label: labelOf(path), value: body }];
  if (typeof body !== 'object' || body === null) return [];
  return Object.entries(body).flatMap(([name, value]) => fieldsOf(value, [...path, name]));
}

function labelOf(path: readonly string[]): string {
  const words = path
    .map((part) =>
      /^\d+$/.test(part) ? `${Number(part) + 1}` : part.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
    )
    .join(' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @returns a body like the example, with what was filled in; numbers stay numbers. */
export function bodyOf(
  example: unknown,
  filled: Readonly<Record<string, string>>,
  path: readonly string[] = [],
): unknown {
  const given = filled[path.join('.')];
  if (typeof example === 'number') return given === undefined ? example : Number(given);
  if (typeof example === 'string') return given ?? example;
  if (Array.isArray(example)) return example.map((item, index) => bodyOf(item, filled, [...path, String(index)]));
  if (typeof example !== 'object' || example === null) return example;
  return Object.fromEntries(
    Object.entries(example).map(([name, value]) => [name, bodyOf(value, filled, [...path, name])]),
  );
}
