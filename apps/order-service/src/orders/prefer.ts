/**
 * The `Prefer` header (RFC 7240): `Prefer: respond-async, wait=10; note="a, b"`.
 * A preference is never an error: what is not understood is ignored.
 */

/** The longest wait that is granted, in seconds; a longer one is cut to it. */
export const MAX_WAIT_SECONDS = 60;

/** Splits at a separator that stands outside of quoted strings. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === separator && !quoted) {
      parts.push(part);
      part = '';
      continue;
    }
    if (character === '"') quoted = !quoted;
    part += character;
    // An escaped character of a quoted string is never its end.
    if (quoted && character === '\\') part += text.charAt(++at);
  }
  return [...parts, part];
}

function unquoted(word: string): string {
  return word.length > 1 && word.startsWith('"') && word.endsWith('"')
    ? word.slice(1, -1).replace(/\\(.)/g, '$1')
    : word;
}

/**
 * @param header - the value of `Prefer`; several header lines joined by commas
 * @returns each preference by its name in lower case, with its value ('' when it has none); parameters are left out,
 *   and of a preference that stands twice the first counts, as the RFC says
 */
export function parsePrefer(header: string): Map<string, string> {
  const preferences = new Map<string, string>();
  for (const preference of split(header, ',')) {
    const [nameAndValue = ''] = split(preference, ';');
    const [name = '', ...value] = nameAndValue.split('=');
    const key = name.trim().toLowerCase();
    if (key && !preferences.has(key)) preferences.set(key, unquoted(value.join('=').trim()));
  }
  return preferences;
}

/**
 * @param header - the value of `Prefer`, if there is one
 * @returns how many seconds the caller would wait for the end, at most {@link MAX_WAIT_SECONDS}; null when it asks for
 *   no wait, or for none that is a whole number of seconds
 */
export function preferredWait(header: string | undefined): number | null {
  const wait = header === undefined ? undefined : parsePrefer(header).get('wait');
  return wait !== undefined && /^\d+$/.test(wait) ? Math.min(Number(wait), MAX_WAIT_SECONDS) : null;
}
