import { Type } from '@sinclair/typebox';
import { retentionMs, retentionSetting } from './retention.js';
import { readSettings, SettingsError } from './settings.js';

const required = {
  DATABASE_URL: 'postgres://postgres:secret@localhost:5432/orders',
  AMQP_URL: 'amqp://localhost:5672',
};

describe('readSettings', () => {
  it('has a default for all that is not a place', () => {
    expect(readSettings(8081, {}, required)).toEqual({
      ...required,
      DATABASE_POOLER: false,
      HOST: '127.0.0.1',
      PORT: 8081,
      LOG_LEVEL: 'info',
      DECLARE_TOPOLOGY: true,
      SERVICE_URLS:
        'order-service=http://localhost:8081,consumer-service=http://localhost:8082,' +
        'restaurant-service=http://localhost:8083,accounting-service=http://localhost:8084',
    });
  });

  it('reads numbers, lists of brokers, and a variable set to nothing as not set', () => {
    const AMQP_URL = 'amqp://a:5672,amqps://b:5671/vhost';
    expect(readSettings(8081, {}, { ...required, AMQP_URL, PORT: '9000', LOG_LEVEL: '', HOST: ' ' })).toMatchObject({
      AMQP_URL,
      PORT: 9000,
      LOG_LEVEL: 'info',
      HOST: '127.0.0.1',
    });
  });

  it.each(['x86_64-conda-linux-gnu', 'x86_64-conda_cos6-linux-gnu', 'arm64-apple-darwin20.0.0'])(
    'takes a HOST that names the kind of machine for none: %s',
    (HOST) => {
      expect(readSettings(8081, {}, { ...required, HOST }).HOST).toBe('127.0.0.1');
    },
  );

  it.each(['127.0.0.1', '::1', 'x86_64', 'my-web-linux1'])('listens where HOST says: %s', (HOST) => {
    expect(readSettings(8081, {}, { ...required, HOST }).HOST).toBe(HOST);
  });

  it("reads a service's own settings", () => {
    const own = { MAX_WAIT_MS: Type.Integer({ default: 500, minimum: 0, description: 'milliseconds from 0' }) };
    expect(readSettings(8081, own, required).MAX_WAIT_MS).toBe(500);
    expect(readSettings(8081, own, { ...required, MAX_WAIT_MS: '20' }).MAX_WAIT_MS).toBe(20);
    expect(() => readSettings(8081, own, { ...required, MAX_WAIT_MS: '-1' })).toThrow(
      'MAX_WAIT_MS is "-1": it must be milliseconds from 0',
    );
  });

  it('reads how long something is kept in days, parts of them included, and 0 as for ever', () => {
    const own = { THING_RETENTION_DAYS: retentionSetting('a thing', 30 * 86_400_000) };
    const read = (days?: string) =>
      retentionMs(readSettings(8081, own, { ...required, THING_RETENTION_DAYS: days }).THING_RETENTION_DAYS);
    expect([read(), read('0.5'), read('0')]).toEqual([30 * 86_400_000, 43_200_000, null]);
    expect(() => read('-1')).toThrow(
      'THING_RETENTION_DAYS is "-1": it must be the days for which a thing is kept, with 0 for ever',
    );
  });

  it('names every setting that is missing, in one line', () => {
    const read = () => readSettings(8081, {}, {});
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(/^DATABASE_URL is missing: .+; AMQP_URL is missing: .+$/);
  });

  it.each([
    ['PORT', '80a'],
    ['PORT', '1.5'],
    ['PORT', '70000'],
    ['LOG_LEVEL', 'loud'],
  ])('names %s when it is %p', (name, value) => {
    expect(() => readSettings(8081, {}, { ...required, [name]: value })).toThrow(`${name} is "${value}": it must be`);
  });

  it.each([
    'postgres://u:p@/db?host=/run/postgresql',
    'postgres:///db',
    'postgres://%2Frun%2Fpostgresql/db?sslmode=disable',
  ])('takes a URL of a database as people have them: %s', (DATABASE_URL) => {
    expect(readSettings(8081, {}, { ...required, DATABASE_URL })).toMatchObject({ DATABASE_URL });
  });

  it.each([
    ['DATABASE_URL', 'mysql://root:secret@localhost/orders'],
    ['DATABASE_URL', 'postgres://postgres:secret@localhost:5432'],
    ['DATABASE_URL', 'postgres://postgres:secret@localhost:port/orders'],
    ['DATABASE_URL', 'postgres://postgres:secret@one,two/orders'],
    ['AMQP_URL', 'http://secret@localhost'],
    ['AMQP_URL', 'amqp://a:secret@localhost,'],
    ['AMQP_URL', 'amqp://a:secret@localhost,amqp://b:port'],
  ])('names %s when it is %p, and keeps what may be a password to itself', (name, value) => {
    const read = () => readSettings(8081, {}, { ...required, [name]: value });
    expect(read).toThrow(`${name} is wrong: it must be`);
    expect(read).not.toThrow(/secret/);
  });
});
