import pino from 'pino';
import { SagaError } from '../errors.js';
import { checkDefinitions } from './check-definitions.js';
import { SagaRegistry } from './saga-registry.js';

const logger = pino({ level: 'silent' });
const registry = new SagaRegistry([{ name: 'trip_saga', version: 2 } as never]);
const needs = (version: number, count: number, stuck = 0) => ({ name: 'trip_saga', version, count, stuck });
const unreachable = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

describe('checkDefinitions', () => {
  it('is content when every living instance has its definition', async () => {
    const { signal } = new AbortController();
    await checkDefinitions(registry, () => Promise.resolve([needs(2, 5)]), { signal, logger });
  });

  it('names every definition that is missing, and how many instances need it', async () => {
    const { signal } = new AbortController();
    const living = () => Promise.resolve([needs(1, 1), needs(2, 9), needs(3, 4, 2)]);
    await expect(checkDefinitions(registry, living, { signal, logger })).rejects.toEqual(
      new SagaError(
        'DEFINITION_MISSING',
        "There is no definition for 1 living instance of trip_saga version 1, 4 living instances of trip_saga version 3 (2 stuck): keep it among the orchestrator's sagas until they have ended",
      ),
    );
  });

  it('waits for a database that is out of reach, but not for a mistake', async () => {
    const { signal } = new AbortController();
    const answers = [unreachable(), unreachable(), [needs(1, 1)]];
    const living = async () => {
      const answer = answers.shift()!;
      if (answer instanceof Error) throw answer;
      return answer;
    };
    await expect(checkDefinitions(registry, living, { signal, logger })).rejects.toMatchObject({
      code: 'DEFINITION_MISSING',
    });
    const mistake = () => Promise.reject(new TypeError('no such column'));
    await expect(checkDefinitions(registry, mistake, { signal, logger })).rejects.toThrow('no such column');
  });

  it('ends when the process is to stop', async () => {
    const stopping = new AbortController();
    const living = () => {
      stopping.abort();
      return Promise.reject(unreachable());
    };
    await checkDefinitions(registry, living, { signal: stopping.signal, logger });
  });
});
