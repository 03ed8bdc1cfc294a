/** Every number of saga-core, in one place: defaults of settings, and constants. Times are milliseconds. */
import { DAY_MS } from './util/duration.js';

/** How long a step waits and how often it is tried. */
export interface RetryPolicy {
  /** How long to wait for the reply to one attempt. */
  readonly replyTimeoutMs: number;
  /** How many attempts in all, the first included. */
  readonly attempts: number;
  /**
   * The pause after an error: `initialMs · factor^(attempt − 1)`, at most `maxMs`. A timeout is followed by no further
   * pause.
   */
  readonly backoff: { readonly initialMs: number; readonly factor: number; readonly maxMs: number };
}

/** Before the pivot: a saga that cannot go on is compensated, so a customer is not kept waiting for long. */
export const DEFAULT_ACTION_RETRY: RetryPolicy = {
  replyTimeoutMs: 10_000,
  attempts: 3,
  backoff: { initialMs: 200, factor: 2, maxMs: 5_000 },
};

/**
 * After the pivot, and for undos: there is no other way out, so about ten minutes of trying come before the saga is
 * parked as stuck.
 */
export const DEFAULT_RETRIABLE_RETRY: RetryPolicy = {
  replyTimeoutMs: 10_000,
  attempts: 25,
  backoff: { initialMs: 200, factor: 2, maxMs: 30_000 },
};

/** What a setting is unless it is given: those of orchestrators, participants and databases. */
export const DEFAULTS = {
  /** The most deliveries, due deadlines or starts that are handled in one transaction. */
  maxBatchSize: 200,
  /** How long a handler may take. It is less than a session may idle in its transaction before the server ends it. */
  handlerTimeoutMs: 8_000,
  /** Unacknowledged deliveries per consumer: one batch in hand and one ready. */
  prefetch: 400,
  /** Whether the sagas in flight are limited by how long replies take. */
  limitInFlight: true,
  /** How often due deadlines are looked for. */
  deadlinePollMs: 250,
  /** How long an ended saga and its history are kept. Sagas that live or are stuck are kept for ever. */
  sagaRetentionMs: 30 * DAY_MS,
  /**
   * How long a participant remembers the commands of a saga, from the saga's start; it refuses those of older sagas, so
   * it is to outlive them and their operators' holidays.
   */
  inboxRetentionMs: 90 * DAY_MS,
  /** Quorum queues survive the loss of a node; classic ones are cheaper. */
  queueType: 'quorum',
  /** The most connections of a pool. */
  poolSize: 10,
} as const;

/** What no setting changes. */
export const CONSTANTS = {
  /**
   * The part of its time that a handler may take beside others. A slower one is run again alone: the others need not
   * wait.
   */
  sharedHandlerTimeShare: 0.25,
  /** The least part of it, when many others have taken all of theirs. */
  minHandlerTimeShare: 1 / 16,
  /** How often a transaction is tried that loses against others, or loses its session, while the database answers. */
  maxConflicts: 3,
  /** How many suspects of one queue are handled at once, each alone in its transaction. */
  maxConcurrentSuspects: 4,
  /** The same of sagas whose time is up: each holds a connection, of which the pool has ten. */
  maxConcurrentIsolatedTimers: 2,
  /**
   * How old a decision about an instance that was not locked may be when it is saved: its process may have stood still,
   * and its deadlines would be short.
   */
  maxDecisionAgeMs: 500,
  /**
   * How long the saving of instances that were not locked waits for a row that another transaction holds. Then the
   * instances are locked and read, and those that are held wait alone.
   */
  heldRowTimeoutMs: 250,
  /** The most living instances that an orchestrator keeps in memory; others are read when their reply comes. */
  maxCachedInstances: 5_000,
  /**
   * Replies that take more than this share of their timeouts, beyond what is normal for their step, are slow, and mean
   * that fewer sagas should be in flight.
   */
  slowReplyShare: 0.4,
  /** How many sagas may be in flight at first, before replies have told how quick they are. */
  initialInFlight: 400,
  /**
   * Sagas that were saved longer ago wait for something else than their turn, or have gone on in another process: they
   * count as in flight no more.
   */
  inFlightForMs: 2_000,
  /**
   * How long before its time a timer may wake: one that was set for an earlier step is left where it is, so that a
   * quick saga moves no timer.
   */
  wakeEarlyMs: 5_000,
  /** How often timers are postponed that wake before they are due, and the most that are at once. */
  postponePollMs: 1_000,
  postponeBatchSize: 1_000,
  /** How long a published message may stay unconfirmed before its connection counts as dead. */
  confirmTimeoutMs: 10_000,
  /** AMQP heartbeat, in seconds (the unit of the protocol): a black hole is noticed after two. */
  heartbeatSeconds: 5,
  /** How long a connection attempt may take. */
  connectTimeoutMs: 5_000,
  /**
   * How long a statement may take before the server ends it; and before the client gives it up, because there is a
   * black hole between here and the server.
   */
  statementTimeoutMs: 15_000,
  queryTimeoutMs: 20_000,
  /**
   * The server ends a session that leaves its transaction open for this long: its process was stopped, or its machine
   * is gone without a word, and its locks would keep all others from the same sagas until TCP gives up, in hours. A
   * handler that does nothing in the database for as long must do so before it begins.
   */
  idleInTransactionMs: 10_000,
  /** How often the server looks, while a statement runs, whether its client is still there. */
  connectionCheckMs: 500,
  /** How long the database may take to answer when it is asked whether it does. */
  databaseProbeTimeoutMs: 2_000,
  /** For so long consumers wait for the declaring of their queues; one that takes longer goes on beside them. */
  declareWaitMs: 500,
  /** How often it is looked whether the transport has become ready, while somebody waits for that. */
  readyPollMs: 20,
  /** How long the broker may take to answer what it is asked: to open a channel, to declare, to give a letter. */
  brokerAnswerTimeoutMs: 10_000,
  /** Pause before an attempt to connect, or to handle a batch again, and its ceiling. */
  recoveryInitialMs: 100,
  recoveryMaxMs: 3_000,
  /**
   * How long a consumer whose queue was deleted waits before it declares the queue again. RabbitMQ deletes a quorum
   * queue in the background. A queue of the same name that is declared meanwhile may never deliver: it counts its
   * messages as delivered, but the consumer's channel does not get them (seen with RabbitMQ 3.10, within 300 ms of the
   * deletion).
   */
  queueDeletedPauseMs: 1_000,
  /** A connection that was up for so long was good: the next pause is short again. */
  connectionGoodAfterMs: 10_000,
  /** Failures in a row after which a queue's consumer counts as failing. */
  failingAfterAttempts: 3,
  /** How often each process declares its exchanges, queues and bindings again, in case somebody has deleted one. */
  topologyCheckMs: 5_000,
  /**
   * Redeliveries after which a quorum queue gives a message up: a backstop only, because attempts are counted
   * elsewhere.
   */
  deliveryLimit: 100,
  /** Deaths of processes over one message after which it is dead-lettered instead of handled again. */
  maxDeathsPerMessage: 3,
  /** The largest message body that is read; larger ones are dead-lettered. */
  maxMessageBytes: 1_048_576,
  /** How many levels of arrays and objects a message body may have. */
  maxMessageDepth: 100,
  /**
   * The most bytes, fields and levels of the headers of a message that is read; one with more is dead-lettered without
   * them.
   */
  maxHeaderBytes: 65_536,
  maxHeaderFields: 1_000,
  maxHeaderDepth: 16,
  /** What a dead-letter queue holds at the most. */
  maxDeadLetters: 100_000,
  maxDeadLetterBytes: 1_073_741_824,
  /**
   * For so long a message waits that must be dead-lettered while its queue of dead letters is full or missing; then it
   * is given up. So many wait at the most.
   */
  deadLetterRetryForMs: 300_000,
  maxWaitingDeadLetters: 100,
  /** How much of a failure's details, or of an answer that is of no use, a history keeps, in characters of JSON. */
  maxKeptChars: 4_000,
  /** Ignored replies of one input that a history tells one by one; of more it tells the number. */
  maxIgnoredPerInput: 20,
  /** Inputs of a saga after which replies that are of no use are no longer noted in its history. */
  maxInputsWithIgnored: 300,
  /**
   * How long it is remembered that a reply exchange does not exist, or may not be written to. That it can be used is
   * remembered until the connection is lost, as it is when it ceases to.
   */
  missingAddressTtlMs: 5_000,
  /** How often it is told how many messages came that are of no use, while they come. */
  logEveryMs: 10_000,
  /** How often rows past their retention are looked for, and the most that go in one transaction. */
  purgePollMs: 60_000,
  purgeBatchSize: 1_000,
} as const;
