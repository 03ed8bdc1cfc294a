/**
 * Invariant: what is saved is what is used. A value is made what the database will give back before anybody uses it, so
 * that nothing depends on whether the process was started anew in between; and it is frozen, so that nobody changes
 * what others were given.
 */
import { CONSTANTS } from '../settings.js';

/**
 * @param value - what a saga's author gave: anything
 * @returns a frozen copy as JSON has it. What JSON leaves out is left out, a Date is text, and characters that
 *   PostgreSQL cannot store are U+FFFD.
 * @throws {TypeError} for what JSON cannot say: a BigInt, and what refers to itself or is nested too deeply; and what a
 *   `toJSON` throws
 */
export function asSaved<Value>(value: Value): Value {
  return saved(value, CONSTANTS.maxMessageDepth, false) as Value;
}

/** The same for what PostgreSQL keeps as jsonb, which orders the members of objects by its own rule. */
export function asSavedInJsonb<Value>(value: Value): Value {
  return saved(value, CONSTANTS.maxMessageDepth, true) as Value;
}

/**
 * @param value - what came out of a database or off the wire as JSON, and belongs to nobody else
 * @returns it, frozen with all that is in it
 */
export function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const key in value) frozen(value[key]);
    Object.freeze(value);
  }
  return value;
}

/** @returns text that PostgreSQL can store: NUL, and half a surrogate pair, become U+FFFD */
export const storableText = (text: string): string =>
  text.includes('\0') || !text.isWellFormed() ? text.replaceAll('\0', '\uFFFD').toWellFormed() : text;

function saved(value: unknown, levels: number, ordered: boolean): unknown {
  switch (typeof value) {
    case 'string':
      return storableText(value);
    case 'number':
      // JSON has neither NaN nor -0.
      return Number.isFinite(value) ? value + 0 : null;
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return null;
      if (levels === 0) throw new TypeError('The value refers to itself, or is nested too deeply');
      if (Array.isArray(value)) return savedArray(value, levels - 1, ordered);
      return isPlain(value) ? savedObject(value, levels - 1, ordered) : saved(jsonOf(value), levels, ordered);
    case 'bigint':
      return saved(jsonOf(value), levels, ordered);
    default:
      return undefined;
  }
}

/** Most values are plain already, and writing and reading text takes several times as long. */
function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    (prototype === Object.prototype || prototype === null) &&
    typeof (value as { toJSON?: unknown }).toJSON !== 'function'
  );
}

/** @returns what JSON makes of it; undefined for what it leaves out */
function jsonOf(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

const savedArray = (items: readonly unknown[], levels: number, ordered: boolean): readonly unknown[] =>
  Object.freeze(Array.from(items, (item) => saved(item, levels, ordered) ?? null));

function savedObject(object: Record<string, unknown>, levels: number, ordered: boolean): object {
  const copy: Record<string, unknown> = {};
  for (const key of ordered ? inJsonbOrder(Object.keys(object)) : Object.keys(object)) {
    const value = saved(object[key], levels, ordered);
    if (value === undefined) continue;
    const name = storableText(key);
    if (name === '__proto__') Object.defineProperty(copy, name, { value, enumerable: true });
    else copy[name] = value;
  }
  return Object.freeze(copy);
}

function inJsonbOrder(keys: string[]): string[] {
  for (let index = 1; index < keys.length; index++)
    if (compareInJsonb(keys[index - 1]!, keys[index]!) > 0) return keys.sort(compareInJsonb);
  return keys;
}

/** Shorter ones first, by their bytes. */
function compareInJsonb(a: string, b: string): number {
  const [bytesOfA, bytesOfB] = [byteLength(a), byteLength(b)];
  if (bytesOfA !== bytesOfB) return bytesOfA - bytesOfB;
  if (a === b) return 0;
  const isAscii = bytesOfA === a.length && bytesOfB === b.length;
  if (!isAscii) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

/** Buffer's takes ten times as long, and names are nearly always ASCII. */
function byteLength(text: string): number {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return Buffer.byteLength(text);
  return text.length;
}
