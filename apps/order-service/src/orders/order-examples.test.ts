import { FormatRegistry } from '@sinclair/typebox';
import { isValid, problemsOf } from 'saga-core';
import { ProblemSchema } from 'service-kit';
import * as examples from './order-examples.js';
import { keyReused, orderNotAccepted, OutcomeUnknown } from './order-problems.js';
import { NewOrder, Order } from './order-schemas.js';

// Answers are not validated when they are given, so nothing else needs it.
FormatRegistry.Set('date-time', (text) => new Date(text).toISOString() === text);

test('what the document shows is what its schemas allow', () => {
  expect(problemsOf(NewOrder, examples.newOrder)).toEqual([]);
  expect(problemsOf(Order, examples.pendingOrder)).toEqual([]);
  expect(problemsOf(Order, examples.approvedOrder)).toEqual([]);
});

test('every problem is one, and an order of unknown outcome is named in it', () => {
  const unknown = new OutcomeUnknown(examples.ORDER_ID, new Error('lost'));
  const problems = [
    examples.invalidOrder,
    examples.invalidQuery,
    examples.noSuchOrder,
    keyReused(),
    orderNotAccepted('why'),
    unknown,
  ];
  for (const problem of problems) expect(isValid(ProblemSchema, problem.toJSON())).toBe(true);
  expect(unknown.toJSON()).toMatchObject({ status: 503, code: 'OUTCOME_UNKNOWN', orderId: examples.ORDER_ID });
});
