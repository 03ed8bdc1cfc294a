/**
 * Text in characters, as JSON Schema counts them. JavaScript counts UTF-16 units, of which an emoji has two: half of
 * one is what no UTF-8 can carry, and PostgreSQL refuses.
 */

/** @returns the text, or its first `most` characters */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  let end = 0;
  for (let count = 0; count < most && end < text.length; count++) end += text.codePointAt(end)! > 0xffff ? 2 : 1;
  return text.slice(0, end);
}

/** @returns the text, or its beginning and an ellipsis: at most `most` characters */
export const abridged = (text: string, most: number): string =>
  cut(text, most) === text ? text : `${cut(text, most - 1)}…`;

/** @returns whether a text has so many characters */
export function hasLength(text: string, least: number, most: number): boolean {
  // A character has one unit, or two.
  if (text.length < least || text.length > 2 * most) return false;
  if (text.length >= 2 * least && text.length <= most) return true;
  const count = [...text].length;
  return count >= least && count <= most;
}
