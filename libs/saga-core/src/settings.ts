/** Every default of saga-core, in one place. Times are milliseconds. */

/** How long a step waits and how often it is tried. */
export interface RetryPolicy {
  /** How long to wait for the reply to one attempt. */
  readonly replyTimeoutMs: number;
  /** How many attempts in all, the first included. */
  readonly attempts: number;
  /** The pause after an error: `initialMs · factor^(attempt − 1)`, at most `maxMs`. A timeout is followed by no further pause. */
  readonly backoff: { readonly initialMs: number; readonly factor: number; readonly maxMs: number };
}

/** Before the pivot: a saga that cannot go on is compensated, so a customer is not kept waiting for long. */
export const DEFAULT_ACTION_RETRY: RetryPolicy = {
  replyTimeoutMs: 10_000,
  attempts: 3,
  backoff: { initialMs: 200, factor: 2, maxMs: 5_000 },
};

/** After the pivot, and for undos: there is no other way out, so about ten minutes of trying come before the saga is parked as stuck. */
export const DEFAULT_RETRIABLE_RETRY: RetryPolicy = {
  replyTimeoutMs: 10_000,
  attempts: 25,
  backoff: { initialMs: 200, factor: 2, maxMs: 30_000 },
};

const DAY_MS = 86_400_000;

export const DEFAULTS = {
  /** The most deliveries, due deadlines or starts that are handled in one transaction. */
  maxSetSize: 200,
  /** Unacknowledged deliveries per consumer: one set in hand and one ready. */
  prefetch: 400,
  /** How old a decision about an instance that was not locked may be when it is saved: its process may have stood still, and its deadlines would be short. */
  maxDecisionAgeMs: 500,
  /** The most living instances that an orchestrator keeps in memory; others are read when their reply comes. */
  cachedInstances: 5_000,
  /** Replies that take more than this share of their timeouts are slow, and mean that fewer sagas should be in flight. */
  slowAbove: 0.4,
  /** How many sagas may be in flight at first, before replies have told how quick they are. */
  inFlightAtFirst: 400,
  /** Sagas that were saved longer ago wait for something else than their turn, or have gone on in another process: they count as in flight no more. */
  inFlightForMs: 2_000,
  /** How often due deadlines are looked for. */
  deadlinePollMs: 250,
  /** How long a published message may stay unconfirmed before its connection counts as dead. */
  confirmTimeoutMs: 10_000,
  /** AMQP heartbeat, in seconds (the unit of the protocol): a black hole is noticed after two. */
  heartbeatSeconds: 5,
  /** How long a connection attempt may take. */
  connectTimeoutMs: 5_000,
  /** Pause before an attempt to connect, or to handle a set again, and its ceiling. */
  recoveryInitialMs: 100,
  recoveryMaxMs: 3_000,
  /** How often each process declares its exchanges, queues and bindings again, in case somebody has deleted one. */
  topologyCheckMs: 5_000,
  /** Redeliveries after which a quorum queue gives a message up: a backstop only, because attempts are counted elsewhere. */
  deliveryLimit: 100,
  /** Deaths of processes over one message after which it is dead-lettered instead of handled again. */
  maxDeathsPerMessage: 3,
  /** The largest message body that is read; larger ones are dead-lettered. */
  maxMessageBytes: 1_048_576,
  /** How many levels of arrays and objects a message body may have. */
  maxMessageDepth: 100,
  /** How much of a failure's details, or of an answer that is of no use, a history keeps, in characters of JSON. */
  maxKeptChars: 4_000,
  /** Ignored replies of one input that a history tells one by one; of more it tells the number. */
  maxIgnoredPerInput: 20,
  /** Inputs of a saga after which replies that are of no use are no longer noted in its history. */
  maxInputsWithIgnored: 300,
  /** How long it is remembered that a reply exchange does not exist, or may not be written to. That it can be used is remembered until the connection is lost, as it is when it ceases to. */
  missingAddressMemoryMs: 5_000,
  /** How often it is told how many messages came that are of no use, while they come. */
  logEveryMs: 10_000,
  /** How long an ended saga and its history are kept. Sagas that live or are stuck are kept for ever. */
  sagaRetentionMs: 30 * DAY_MS,
  /** How long a participant remembers the commands of a saga, from the saga's start; it refuses those of older sagas, so it is to outlive them and their operators' holidays. */
  inboxRetentionMs: 90 * DAY_MS,
  /** How often rows past their retention are looked for, and the most that go in one transaction. */
  purgePollMs: 60_000,
  purgeSetSize: 1_000,
} as const;
