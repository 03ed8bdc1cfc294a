/** UUIDs. They are given out in lower case; where people or programs give one, either case is taken. */

/** Within a larger pattern; JSON Schema has no formats that every validator knows, so it is a pattern there, too. */
export const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** For JSON Schema: lower case alone. */
export const UUID_PATTERN = `^${UUID}$`;
/** For JSON Schema: in either case. */
export const UUID_PATTERN_ANY_CASE = UUID_PATTERN.replaceAll('a-f', 'a-fA-F');

const ANY_CASE = new RegExp(UUID_PATTERN, 'i');

/** @returns whether a text is a UUID, in either case */
export const isUuid = (text: string): boolean => ANY_CASE.test(text);
