import { Type } from '@sinclair/typebox';
import pino from 'pino';
import { defineCommand } from '../contract/command.js';
import { defineSaga } from '../definition/saga.js';
import { shapeOf } from '../definition/shape.js';
import { stepsFor } from '../definition/step.js';
import { SagaError } from '../errors.js';
import { checkDefinitions } from './check-definitions.js';
import { SagaRegistry } from './saga-registry.js';

const logger = pino({ level: 'silent' });
const none = Type.Object({});
const read = (task: string) =>
  stepsFor().readOnly({
    command: defineCommand({ task, description: '', payload: none, reply: none, refusals: {} }),
    payload: () => ({}),
  });
const trip = (...tasks: string[]) => defineSaga({ name: 'trip_saga', version: 2, data: none, steps: tasks.map(read) });
const known = trip('a.check', 'a.look');
const registry = new SagaRegistry([known]);
const needs = (version: number, count: number, stuck = 0, started: typeof known | null = null, shape = started) => ({
  name: 'trip_saga',
  version,
  count,
  stuck,
  fingerprint: started?.fingerprint ?? null,
  shape: shape && shapeOf(shape.steps),
});
const unreachable = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

afterEach(() => jest.restoreAllMocks());

describe('checkDefinitions', () => {
  it('is content when every living instance has its definition', async () => {
    const { signal } = new AbortController();
    const error = jest.spyOn(logger, 'error');
    const living = [needs(2, 5), needs(2, 5, 0, known)];
    await checkDefinitions(registry, () => Promise.resolve(living), { signal, logger });
    expect(error).not.toHaveBeenCalled();
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

  it('tells once of instances that were started with other steps under the same version, and how these differ', async () => {
    const { signal } = new AbortController();
    const error = jest.spyOn(logger, 'error');
    const other = trip('a.check');
    const living = [needs(2, 3, 1, other), needs(2, 1, 0, other, null), needs(2, 5, 0, known)];
    await checkDefinitions(registry, () => Promise.resolve(living), { signal, logger });
    const told = { saga: 'trip_saga', version: 2 };
    expect(error.mock.calls).toEqual([
      [
        { ...told, count: 3, stuck: 1, difference: ['added: a.look (read-only)'] },
        expect.stringContaining('other steps'),
      ],
      [{ ...told, count: 1, stuck: 0, difference: ['the steps were not written down'] }, expect.anything()],
    ]);
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
