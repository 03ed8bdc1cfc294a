/** The door of saga-core/operator: see and steer sagas over HTTP. */
export { operatorAccess } from './access.js';
export { operatorConsole } from './operator-console.js';
export { OperatorProblem } from './operator-problem.js';
export type { OperatorConsoleOptions } from './options.js';
export type { LinkTemplate } from './saga-detail.js';
export type { ConsolePage, TryIt } from './page-routes.js';
export * from './schemas/index.js';
