/** A service's settings: environment variables, validated before anything else happens. */
import { Type, type Static, type TObject, type TProperties, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { CRASH_POINTS, parseDatabaseUrl, problemsOf } from 'saga-core';
import { DEFAULTS } from './defaults.js';
import { parseStrings } from 'http-kit';
import { SERVICE_URLS } from './service-urls.js';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * @returns the schema of the settings that every service has. A description completes "… must be"; `writeOnly` keeps a
 *   value out of messages.
 */
const commonSettings = (defaultPort: number) => ({
  HOST: Type.String({ default: DEFAULTS.host, minLength: 1, description: 'the address to listen on' }),
  PORT: Type.Integer({ default: defaultPort, minimum: 0, maximum: 65_535, description: 'a port from 0 to 65535' }),
  DATABASE_URL: Type.String({
    pattern: '^postgres(ql)?://\\S+$',
    writeOnly: true,
    description:
      "the URL of the service's own database, with one host, such as postgres://user:password@host:5432/name",
  }),
  DATABASE_SCHEMA: Type.Optional(
    Type.String({ maxLength: 63, description: 'the name of the schema in which all tables are; public unless set' }),
  ),
  DATABASE_POOLER: Type.Boolean({
    default: false,
    description:
      'true or false: whether between here and the database a pooler gives each transaction another session, as PgBouncer does in transaction mode',
  }),
  AMQP_URL: Type.String({
    pattern: '^amqps?://[^\\s,]+(,amqps?://[^\\s,]+)*$',
    writeOnly: true,
    description: 'the URL of RabbitMQ, such as amqp://user:password@host:5672, or several with commas between them',
  }),
  DECLARE_TOPOLOGY: Type.Boolean({
    default: true,
    description:
      'true or false: whether to declare exchanges, queues and bindings, or leave that to somebody with the rights',
  }),
  CRASH_AT: Type.Optional(
    Type.String({
      pattern: `^(${CRASH_POINTS.join('|')})(#[1-9][0-9]{0,5})?$`,
      description: `a crash point, for drills only: one of ${CRASH_POINTS.join(', ')}, and which time it is passed, such as #3`,
    }),
  ),
  SERVICE_URLS,
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({
      pattern: '^https?://[^\\s]+$',
      description: 'the URL of a collector that takes traces over OTLP/HTTP, such as http://localhost:4318',
    }),
  ),
  LOG_LEVEL: Type.Union(
    LOG_LEVELS.map((level) => Type.Literal(level)),
    { default: DEFAULTS.logLevel, description: `one of ${LOG_LEVELS.join(', ')}` },
  ),
});

/** Not an address, but the kind of machine that programs are compiled for: conda sets HOST to it in every shell. */
const BUILD_TARGET = /^(x86_64|i[3-6]86|aarch64|arm64|ppc64le|s390x|riscv64)-[a-z0-9_]+-(linux|darwin|mingw|windows)/;

type CommonSettings = ReturnType<typeof commonSettings>;
/** The settings of a service: those that all services have, and its own. */
export type Settings<Own extends TProperties = TProperties> = Static<TObject<CommonSettings>> & Static<TObject<Own>>;

/** A setting is missing or wrong; the message is one line that names it. */
export class SettingsError extends Error {}

/**
 * Reads the settings of a service.
 *
 * @param defaultPort - the port when PORT is not set
 * @param own - settings beside the common ones, by the name of their environment variable; a description completes "…
 *   must be"
 * @param environment - where they are read from; a variable that is set to nothing counts as not set
 * @throws {SettingsError} naming each setting that is missing or wrong
 */
export function readSettings<Own extends TProperties>(
  defaultPort: number,
  own: Own,
  environment: Readonly<Record<string, string | undefined>>,
): Settings<Own> {
  const properties: TProperties = { ...commonSettings(defaultPort), ...own };
  const schema = Type.Object(properties);
  const given = new Map<string, string>();
  for (const name of Object.keys(properties)) {
    const value = environment[name]?.trim();
    if (value && !(name === 'HOST' && BUILD_TARGET.test(value))) given.set(name, value);
  }
  const settings = Value.Default(schema, parseStrings(schema, Object.fromEntries(given))) as Record<string, unknown>;
  const wrong = new Set(problemsOf(schema, settings).map(({ path }) => path.split('/')[1] ?? ''));
  if (!isDatabaseUrl(given.get('DATABASE_URL'))) wrong.add('DATABASE_URL');
  if (!areUrls(given.get('AMQP_URL'))) wrong.add('AMQP_URL');
  if (wrong.size > 0)
    throw new SettingsError([...wrong].map((name) => describe(name, properties[name], given.get(name))).join('; '));
  return settings as Settings<Own>;
}

function describe(name: string, property: TSchema | undefined, value: string | undefined): string {
  const expected = `it must be ${property?.description ?? 'something else'}`;
  if (value === undefined) return `${name} is missing: ${expected}`;
  // A secret in a log is a secret lost.
  return property?.writeOnly ? `${name} is wrong: ${expected}` : `${name} is "${value}": ${expected}`;
}

function isDatabaseUrl(value = ''): boolean {
  try {
    parseDatabaseUrl(value);
    return true;
  } catch {
    return false;
  }
}

function areUrls(value: string | undefined): boolean {
  return value?.split(',').every((url) => URL.canParse(url)) ?? false;
}
