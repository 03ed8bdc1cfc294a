/** The door of saga-core/operator: see and steer sagas over HTTP. */
export { operatorAccess } from './access.js';
export { operatorConsole, type OperatorConsoleOptions } from './operator-console.js';
export { type ConsolePage, type TryIt } from './page-routes.js';
export { OperatorProblem } from './operator-problem.js';
export * from './schemas/index.js';
