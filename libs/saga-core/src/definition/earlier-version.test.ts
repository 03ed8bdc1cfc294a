import { Type } from '@sinclair/typebox';
import { defineCommand } from '../contract/command.js';
import { earlierVersion } from './earlier-version.js';
import { defineSaga } from './saga.js';
import { shapeProblems, shapeRecordOf } from './shape-record.js';
import { stepsFor, type Step } from './step.js';

const none = Type.Object({});
const command = (task: string) => defineCommand({ task, description: '', payload: none, reply: none, refusals: {} });
const { readOnly, retriable } = stepsFor<object>();
const payload = () => ({});
const check = readOnly({ command: command('shop.check'), payload });
const look = readOnly({ command: command('shop.look'), payload });
const send = retriable({ command: command('post.send'), payload });
const saga = (version: number, ...steps: Step<object, unknown>[]) =>
  defineSaga({ name: 'trip_saga', version, data: none, steps });
const without = ({ name }: Step<object, unknown>) => ({
  steps: (steps: readonly Step<object, unknown>[]) => steps.filter((step) => step.name !== name),
});

const first = saga(1, check, send);
const second = saga(2, check, look, send);

test('an earlier version is the definition that it was', () => {
  const earlier = earlierVersion(second, { version: 1, ...without(look) });
  expect(earlier).toEqual(first);
  expect(second.steps).toHaveLength(3);
});

test.each([0, 2, 1.5])('version %p is not earlier than 2', (version) => {
  expect(() => earlierVersion(second, { version, ...without(look) })).toThrow(
    /must be a whole number from 1 and below 2/,
  );
});

test('earlier steps that could end wrong are refused', () => {
  expect(() => earlierVersion(second, { version: 1, steps: () => [] })).toThrow(/at least one step/);
  expect(() => earlierVersion(second, { version: 1, steps: () => [send, check] })).toThrow(/comes after the pivot/);
});

describe('the records of the versions', () => {
  const records = [shapeRecordOf(first)];

  it('say nothing of what is as it was, or new', () => {
    expect(shapeProblems([first], records)).toEqual([]);
    expect(shapeProblems([second, first], records)).toEqual([]);
    expect(shapeProblems([second, first], [...records, shapeRecordOf(second)])).toEqual([]);
  });

  it('notice steps that changed without a new version, and say what to do', () => {
    const [problem, ...more] = shapeProblems([saga(1, check, look, send)], records);
    expect(more).toEqual([]);
    expect(problem).toMatch(/trip_saga version 1 are not those that were recorded \(added: shop\.look \(read-only\)\)/);
    expect(problem).toMatch(/set the saga's version to 2, and define version 1 with earlierVersion/);
  });

  it('notice an earlier version that is missing, wrong, or was never recorded', () => {
    expect(shapeProblems([second], records)).toEqual([expect.stringMatching(/version 1 is recorded but not among/)]);
    const wrong = earlierVersion(second, { version: 1, ...without(check) });
    expect(shapeProblems([second, wrong], records)).toEqual([
      expect.stringMatching(/Mend what earlierVersion is given/),
    ]);
    expect(shapeProblems([second, first], [])).toEqual([expect.stringMatching(/version 1 has no record/)]);
  });
});
