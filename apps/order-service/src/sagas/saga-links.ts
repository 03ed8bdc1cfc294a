/** Where the console leads from a saga: to what other tools know of it. */
import { Type, type Static, type TObject } from '@sinclair/typebox';
import type { LinkTemplate } from 'saga-operator';

/** @returns the setting of a URL to which the console links each saga */
const linkSetting = (what: string) =>
  Type.Optional(
    Type.String({
      // A place that is misspelt would never be filled in.
      pattern: '^https?://([^\\s{}]|[{](sagaId|orderId|queue|traceId)[}])+$',
      description: `the URL of ${what}, with {sagaId}, {orderId}, {queue} and {traceId} where these belong, and no other braces`,
    }),
  );

/** Settings of order-service, by the names of their environment variables. */
export const linkSettings = {
  QUEUE_URL: linkSetting('the queue that a saga waits for'),
  TRACE_URL: linkSetting("a saga's trace"),
  LOGS_URL: linkSetting("a saga's lines in the logs"),
};

/** @returns what each saga is shown with: the order, and a link for each setting that is set */
export function sagaLinks({ QUEUE_URL, TRACE_URL, LOGS_URL }: Static<TObject<typeof linkSettings>>): LinkTemplate[] {
  const links = [
    // Seen from the console: a proxy may have taken a prefix off the path.
    { title: 'Order', url: 'orders/{orderId}' },
    { title: 'Queue', url: QUEUE_URL },
    { title: 'Trace', url: TRACE_URL },
    { title: 'Logs', url: LOGS_URL },
  ];
  return links.flatMap(({ title, url }) => (url === undefined ? [] : [{ title, url }]));
}
