/** Tests act as operators. */
import type { HttpApp } from 'service-kit';

/** What services are told by the tests that operators send. */
export const OPERATOR_TOKEN = 'the operator of these tests';

/** Has every request of an app come from an operator, unless it says otherwise itself. */
export function asOperator(app: HttpApp): void {
  app.addHook('onRequest', async ({ headers }) => {
    headers.authorization ??= `Bearer ${OPERATOR_TOKEN}`;
  });
}
