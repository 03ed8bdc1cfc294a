/** The page below any prefix. */
import fastify, { type FastifyInstance } from 'fastify';
import { pageRoutes } from './page-routes.js';

let app: FastifyInstance;
beforeAll(async () => {
  app = fastify();
  await app.register(pageRoutes, { prefix: '/operator', page: { title: 'Parcels' } });
  await app.register(pageRoutes, { prefix: '/bare' });
});
afterAll(() => app.close());

test('an address without its slash is completed, for what the page asks for is beside it', async () => {
  const { statusCode, headers } = await app.inject('/operator?a=1');
  expect([statusCode, headers.location]).toEqual([302, './operator/?a=1']);
});

test('the page is told what the app gave it, and does without', async () => {
  expect((await app.inject('/operator/console.json')).json()).toEqual({ title: 'Parcels' });
  expect((await app.inject('/bare/console.json')).json()).toEqual({ title: 'Sagas' });
});

test('what is served may run nothing from elsewhere, and stands in no frame', async () => {
  const { headers } = await app.inject('/operator/console.json');
  expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
});
