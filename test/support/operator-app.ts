/** An app with the operators' plugin on a lab, whose requests come from an operator. */
import { createHttpApp, createLogger, type HttpApp } from 'service-kit';
import { operatorConsole, type OperatorConsoleOptions } from 'saga-operator';
import { asOperator, OPERATOR_TOKEN } from './operator-token.js';
import type { SagaLab } from './saga-lab.js';

/** @returns the app, which does not listen yet; whoever gets it closes it */
export async function createOperatorApp(
  lab: SagaLab,
  options: Omit<OperatorConsoleOptions, 'token' | 'database'>,
): Promise<HttpApp> {
  const app = createHttpApp(await createLogger('console', 'silent'));
  asOperator(app);
  await app.register(operatorConsole, { ...options, database: lab.database, token: OPERATOR_TOKEN });
  await app.ready();
  return app;
}
