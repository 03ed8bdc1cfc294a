/** The door of saga-core. */
export { defineCommand, defineUndo } from './contract/command.js';
export type { CommandContract, PayloadOf, RefusalCodeOf, ReplyOf, UndoContract } from './contract/command.js';
export { defineService } from './contract/service.js';
export type { ServiceContract } from './contract/service.js';
export { isRefusal, refuse } from './contract/outcome.js';
export type { Failure, Outcome, Refusal, Success } from './contract/outcome.js';
export { inBatches } from './contract/handler.js';
export type { Handler, BatchHandler, SingleHandler } from './contract/handler.js';
export { describeProblems, isValid, problemsOf } from './contract/validation.js';
export type { Problem } from './contract/validation.js';
export { commandIdOf, commandQueueOf, deadLetterQueueOf, replyAddressOf } from './contract/routing.js';
export { sequenceDiagramOf, stateDiagramOf } from './definition/diagram.js';
export { earlierVersion } from './definition/earlier-version.js';
export { defineSaga } from './definition/saga.js';
export type { SagaDefinition } from './definition/saga.js';
export { shapeProblems, shapeRecordOf } from './definition/shape-record.js';
export type { ShapeRecord } from './definition/shape-record.js';
export { stepsFor } from './definition/step.js';
export type { LocalAction, LocalInput, SagaFailure, Step, StepKind } from './definition/step.js';
export { createBatcher } from './engine/batcher.js';
export { purgeLoop } from './engine/poll-loop.js';
export type { OperatorAction } from './engine/event.js';
export { logSparsely } from './engine/log-sparsely.js';
export type {
  BatchFailure,
  BatchObserver,
  BatchPlace,
  CommandFate,
  CommandObserver,
  IdleReply,
  ObservedCommand,
  ObservedSaga,
  SagaObserver,
} from './engine/observer.js';
export type { SagaStatus } from './engine/instance.js';
export { isOutage, isTransient, isUnavailable, isUniqueViolation, isRetryable } from './store/database-errors.js';
export { databaseAnswers } from './store/database-answers.js';
export { parseDatabaseUrl } from './store/database-url.js';
export { ensureDatabase } from './store/ensure-database.js';
export { openDatabase } from './store/open-database.js';
export type { DatabaseOptions } from './store/open-database.js';
export { toJson } from './store/json.js';
export { unnestRows, unnestValues } from './store/unnest-rows.js';
export type { UnnestColumn } from './store/unnest-rows.js';
export { migrate } from './store/migrate.js';
export type { MigrateOptions } from './store/migrate.js';
export { migrationSet } from './store/migrations/migration.js';
export type { Migration, Migrations } from './store/migrations/migration.js';
export { SAGA_MIGRATION_TABLE, orchestratorMigrations, participantMigrations } from './store/migrations/index.js';
export { connectTransport } from './transport/rabbit-transport.js';
export type { RabbitOptions, RabbitTransport } from './transport/rabbit-transport.js';
export type { QueueType } from './transport/topology.js';
export type { Transport } from './transport/transport.js';
export { createParticipant } from './participant/participant.js';
export type { Participant, ParticipantOptions, ParticipantSettings } from './participant/participant.js';
export { noReply } from './participant/command-handlers.js';
export type { Answer, CommandHandler, CommandHandlers, NoReply } from './participant/command-handlers.js';
export type { ReceivedCommand } from './participant/received-command.js';
export { createOrchestrator } from './orchestrator/orchestrator.js';
export type { Orchestrator, OrchestratorOptions, OrchestratorSettings } from './orchestrator/orchestrator.js';
export { SagaViewSchema } from './orchestrator/saga-view.js';
export type { SagaView } from './orchestrator/saga-view.js';
export type { NewSaga } from './orchestrator/start-sagas.js';
export { CRASH_POINTS, watchCrashPoints } from './crash-point.js';
export type { CrashPoint } from './crash-point.js';
export { DEAD_LETTER_CAUSES, FAILURE_CODES, messageOf, SAGA_ERROR_CODES, SagaError } from './errors.js';
export type { DeadLetterCause, FailureCode, SagaErrorCode } from './errors.js';
export type { Logger } from 'pino';
export { DEFAULT_ACTION_RETRY, DEFAULTS } from './settings.js';
export type { RetryPolicy } from './settings.js';
