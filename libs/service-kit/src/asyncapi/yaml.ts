import { stringify } from 'yaml';

/** @returns a document as YAML, each object written out where it stands. */
export function yamlOf(document: object): string {
  // Through JSON: what is undefined or a symbol is no part of a document.
  return stringify(JSON.parse(JSON.stringify(document)), { aliasDuplicateObjects: false, lineWidth: 120 });
}
