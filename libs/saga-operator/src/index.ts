/** The door of saga-operator: see and steer sagas over HTTP. */
export { operatorConsole } from './api/operator-console.js';
export type { OperatorConsoleOptions } from './api/options.js';
export type { LinkTemplate } from './api/saga-detail.js';
export type { ConsolePage, TryIt } from './api/page-routes.js';
export * from './api/schemas/index.js';
