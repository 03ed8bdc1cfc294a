import fastify, { type FastifyInstance } from 'fastify';
import { waitFor } from '../../../../test/support/wait-for.js';
import { answerOperatorProblem } from './operator-problems.js';
import { requireToken } from './require-token.js';

let app: FastifyInstance;
let told: unknown[][];
let arrived: number;
beforeEach(() => {
  told = [];
  arrived = 0;
  app = fastify();
  app.addHook('onRequest', async () => void arrived++);
  app.setErrorHandler(answerOperatorProblem);
  app.addHook(
    'onRequest',
    requireToken('right', { info: () => undefined, warn: (...given: unknown[]) => void told.push(given) }),
  );
  app.get('/', async () => ({ seen: true }));
});
afterEach(() => app.close());

const ask = (token: string, remoteAddress = '10.0.0.1') =>
  app.inject({ url: '/', remoteAddress, headers: { authorization: `Bearer ${token}` } });
const codeOf = async (response: ReturnType<typeof ask>) => (await response).json<{ code?: string }>().code;

it('lets in who has the token, and at once refuses who sends none', async () => {
  expect((await ask('right')).statusCode).toBe(200);
  expect((await app.inject('/')).json()).toMatchObject({ code: 'UNAUTHORIZED' });
  expect(told).toEqual([]);
});

it('makes whoever guesses wait, looks at no further guesses of that address meanwhile, and tells of it', async () => {
  const begun = performance.now();
  const guesses = Array.from({ length: 10 }, (_, index) => ask(`guess ${index}`));
  await waitFor('the guesses to have come', () => arrived === 10);
  const further = await Promise.all([codeOf(ask('guess 11')), codeOf(ask('right'))]);
  expect(further).toEqual(['TOO_MANY_REQUESTS', 'TOO_MANY_REQUESTS']);
  expect((await ask('right', '10.0.0.2')).statusCode).toBe(200);
  expect(new Set(await Promise.all(guesses.map(codeOf)))).toEqual(new Set(['UNAUTHORIZED']));
  expect(performance.now() - begun).toBeGreaterThan(900);
  expect((await ask('right')).statusCode).toBe(200);
  expect(told).toEqual([[{ address: '10.0.0.1' }, 'a wrong operator token was sent']]);
});
