/** What every service needs to run. */
export { yamlOf } from './asyncapi/yaml.js';
export { metricsRoutes } from './metrics.js';
export { healthRoutes } from './health.js';
export { createHttpApp, type HttpApp, type HttpReply, type HttpRequest } from './http-app.js';
export { createLogger } from './logger.js';
export {
  HttpProblem,
  problemOf,
  PROBLEMS,
  ProblemSchema,
  type FieldError,
  type Problem,
  type ProblemKind,
} from 'http-kit';
export { retentionMs, retentionSetting } from './retention.js';
export { runParticipant, type ParticipantDefinition } from './run-participant.js';
export { runService } from './run-service.js';
export type { Service, ServiceContext, ServiceDefinition, Worker } from './service-definition.js';
export type { Settings } from './settings.js';
export { timesSent } from './times-sent.js';
export { traceparentOf } from './tracing.js';
