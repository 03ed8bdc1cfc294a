import { parseDatabaseUrl } from './database-url.js';

describe('a URL of a database', () => {
  it.each([
    ['postgres://u:p@h:5433/db', { user: 'u', password: 'p', host: 'h', port: 5433, database: 'db' }],
    ['postgresql://h/db', { host: 'h', database: 'db' }],
    // A folder of sockets.
    ['postgres://u:p@/db?host=/run/postgresql', { user: 'u', password: 'p', host: '/run/postgresql', database: 'db' }],
    ['postgres:///db?host=/run/postgresql&port=5433', { host: '/run/postgresql', port: 5433, database: 'db' }],
    ['postgres://u:p@:5433/db?host=/run/postgresql', { host: '/run/postgresql', database: 'db' }],
    ['postgres://%2Frun%2Fpostgresql/db', { host: '/run/postgresql', database: 'db' }],
    ['postgres:///db', { database: 'db' }],
    ['postgres://h?dbname=db', { host: 'h', database: 'db' }],
    // Names that need it are encoded.
    ['postgres://o%40x:p%2Fw%25@h/a%2Fb%20c%3Fd', { user: 'o@x', password: 'p/w%', host: 'h', database: 'a/b c?d' }],
    ['postgres://u:50% @h/a%2Fb', { password: '50% ', host: 'h', database: 'a/b' }],
    ['postgres://u:p@[::1]:5433/db', { host: '::1', port: 5433, database: 'db' }],
    ['postgres://u:p,w$&@h/db', { password: 'p,w$&', host: 'h' }],
    ['postgres://h/db?sslmode=disable&application_name=mine', { ssl: false, application_name: 'mine' }],
    ['postgres://h/db?sslmode=no-verify', { ssl: { rejectUnauthorized: false } }],
    ['postgres://h/db?connect_timeout=7', { connectionTimeoutMillis: 7_000 }],
  ])('says where the database is: %s', (url, config) => {
    expect(parseDatabaseUrl(url).config).toMatchObject(config);
  });

  it('says what its session is like, and nothing of it is sent when connecting', () => {
    const { config, settings } = parseDatabaseUrl(
      'postgres://h/db?statement_timeout=2000&options=-c%20search_path%3Dsales%20--DateStyle=SQL%20-cTimeZone=Europe/Den%5C%20Haag',
    );
    expect(settings).toEqual({
      statement_timeout: '2000',
      search_path: 'sales',
      datestyle: 'SQL',
      timezone: 'Europe/Den Haag',
    });
    expect(config).not.toHaveProperty('statement_timeout');
    expect(config).not.toHaveProperty('options');
  });

  it.each([
    ['mysql://u:secret@h/db', /begins with postgres:\/\//],
    ['postgres://u:secret@h:5432', /no database/],
    ['postgres://u:secret@h/', /no database/],
    ['postgres://u:secret@h:port/db', /cannot be read/],
    ['postgres://u:secret@h1:5432,h2:5433/db', /several hosts/],
    ['postgres://u:secret@/db?host=h1,h2', /several hosts/],
  ])('is refused without being repeated: %s', (url, message) => {
    expect(() => parseDatabaseUrl(url)).toThrow(expect.objectContaining({ code: 'INVALID_SETTING' }) as Error);
    expect(() => parseDatabaseUrl(url)).toThrow(message);
    expect(() => parseDatabaseUrl(url)).not.toThrow(/secret/);
  });
});
