import { Type } from '@sinclair/typebox';
import { problemsOf } from 'saga-core';
import { linkSettings, sagaLinks } from './saga-links.js';

const QUEUE_URL = 'http://localhost:15672/#/queues/%2F/{queue}';

it('links each saga to what settings name, and to nothing else', () => {
  expect(sagaLinks({})).toEqual([{ title: 'Order', url: 'orders/{orderId}' }]);
  const all = { QUEUE_URL, TRACE_URL: 'http://traces/{traceId}', LOGS_URL: 'https://logs/?q={sagaId}' };
  expect(sagaLinks(all).map(({ title, url }) => [title, url])).toEqual([
    ['Order', 'orders/{orderId}'],
    ['Queue', QUEUE_URL],
    ['Trace', all.TRACE_URL],
    ['Logs', all.LOGS_URL],
  ]);
});

it.each([
  [QUEUE_URL, true],
  ['https://logs.example/{orderId}/{sagaId}?trace={traceId}', true],
  // Would never be filled in.
  ['http://localhost:15672/#/queues/%2F/{queu}', false],
  ['http://logs.example/?q={{sagaId}}', false],
  ['javascript:alert(1)', false],
])('takes %s: %s', (url, isTaken) => {
  expect(problemsOf(Type.Object(linkSettings), { QUEUE_URL: url }).length === 0).toBe(isTaken);
});
