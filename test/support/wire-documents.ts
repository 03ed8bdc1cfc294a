/** Holds messages against the AsyncAPI documents that the services serve. */
import { Ajv, type ValidateFunction } from 'ajv';
import type { ConsumeMessage } from 'amqplib';
import { inlined } from './asyncapi.js';
import { get } from './http.js';
import type { ServiceName } from './service-process.js';
import type { Stack } from './stack.js';

interface Channel {
  readonly messages: Readonly<Record<string, unknown>>;
  readonly bindings: {
    readonly amqp: {
      readonly exchange?: { readonly name?: string };
      readonly 'x-bindings'?: readonly { readonly exchange: string }[];
    };
  };
}
interface Message {
  readonly 'x-routing-key'?: string;
  readonly headers: { readonly $ref: string };
  readonly payload?: object;
}
interface Document {
  readonly channels: Readonly<Record<string, Channel>>;
  readonly components: {
    readonly messages: Readonly<Record<string, Message & Readonly<Record<string, unknown>>>>;
    readonly schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
}

export interface WireDocument {
  readonly service: ServiceName;
  readonly document: Document;
}

const SERVICES: readonly ServiceName[] = [
  'order-service',
  'consumer-service',
  'restaurant-service',
  'accounting-service',
];
/**
 * Each message between services is described by who sends it and by who gets it; a dead letter by whose queue it came
 * from.
 */
const sidesOf = (exchange: string): number => (exchange === 'saga.dead' ? 1 : 2);

/** @returns the documents as they are served */
export async function wireDocuments(stack: Stack): Promise<WireDocument[]> {
  return Promise.all(
    SERVICES.map(async (service) => ({
      service,
      document: (await get<Document>(`${stack.url(service)}/asyncapi.json`)).body,
    })),
  );
}

/** @returns what of a message is not as the documents say, or is in none; the same for both sides of the wire */
export function undocumentedIn(documents: readonly WireDocument[], message: ConsumeMessage): string[] {
  const { exchange, routingKey } = message.fields;
  const described = documents.flatMap(({ service, document }) => {
    const found = descriptionOf(document, exchange, routingKey);
    return found ? [{ service, found, document }] : [];
  });
  const sides = sidesOf(exchange);
  if (described.length < sides)
    return [
      `${exchange} → ${routingKey}: no document of ${sides - described.length} of its ${sides} sides describes it`,
    ];
  return described.flatMap(({ service, found, document }) =>
    problemsOf(document, found, message).map((problem) => `${exchange} → ${routingKey}, by ${service}: ${problem}`),
  );
}

function descriptionOf(document: Document, exchange: string, routingKey: string): Message | undefined {
  return Object.values(document.channels)
    .filter(({ bindings: { amqp } }) =>
      amqp['x-bindings']
        ? amqp['x-bindings'].some((bound) => bound.exchange === exchange)
        : // A participant's document names no exchange for replies: it is the one that the command asks for.
          (amqp.exchange?.name ?? exchange) === exchange,
    )
    .flatMap(({ messages }) => Object.keys(messages).map((name) => document.components.messages[name]!))
    .find((message) => message['x-routing-key'] === routingKey);
}

function problemsOf(
  document: Document,
  { headers, payload }: Message,
  { properties, content }: ConsumeMessage,
): string[] {
  return [
    ...complaints('properties', validatorOf(document, headers), propertiesOf(properties)),
    // Of a dead letter's body nothing is said.
    ...(payload ? complaints('body', validatorOf(document, payload), JSON.parse(content.toString())) : []),
  ];
}

/** The documents have properties and headers in one schema, properties by their names in AMQP. */
function propertiesOf({ headers, ...properties }: ConsumeMessage['properties']): object {
  const named = Object.entries(properties).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    value as unknown,
  ]);
  const given = Object.fromEntries(named.filter(([, value]) => value !== undefined)) as object;
  return { ...given, ...(headers as object | undefined) };
}

const ajv = new Ajv({ strict: false, allErrors: true });
const validators = new WeakMap<object, ValidateFunction>();

function validatorOf(document: Document, schema: object): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  const validator = ajv.compile(closed(inlined(document, schema)) as object);
  validators.set(schema, validator);
  return validator;
}

/** Readers ignore fields that they do not know; here a field that no document describes is a fault. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((item: unknown) => closed(item));
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)]);
  const isObject = 'properties' in schema && 'type' in schema && schema.type === 'object';
  return { ...(isObject ? { additionalProperties: false } : {}), ...(Object.fromEntries(entries) as object) };
}

function complaints(what: string, validator: ValidateFunction, value: unknown): string[] {
  if (validator(value)) return [];
  return validator.errors!.map(
    ({ instancePath, message, params }) => `${what}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
