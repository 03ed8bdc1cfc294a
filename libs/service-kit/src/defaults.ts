/** Every number of service-kit, in one place. Times are milliseconds. */

/** What a setting is unless it is given. */
export const DEFAULTS = {
  host: '127.0.0.1',
  logLevel: 'info',
  /** Where each service listens unless PORT says otherwise, for the links between their pages. */
  servicePorts: {
    'order-service': 8081,
    'consumer-service': 8082,
    'restaurant-service': 8083,
    'accounting-service': 8084,
  },
} as const;

/** What no setting changes. */
export const CONSTANTS = {
  /** The largest body that a route reads. */
  bodyLimitBytes: 65_536,
  /** How long a request may take to come whole, and how often it is looked for those that took longer. */
  requestTimeoutMs: 10_000,
  requestCheckMs: 1_000,
  /** The most connections open of which no request has come whole. */
  maxIdleConnections: 2_000,
  /** How long the database may take to answer a readiness probe. */
  databaseProbeMs: 2_000,
  /**
   * Pause before another attempt to reach what a service needs at its start, and its ceiling; each pause is twice the
   * last.
   */
  startInitialMs: 200,
  startMaxMs: 3_000,
  /** How long requests in hand may take once the service is told to stop. */
  requestDrainMs: 3_000,
  /** How long the last traces may take to be sent. */
  traceFlushMs: 2_000,
  /**
   * How long stopping may take in all; then the process ends as it is, and what it had in hand is delivered to another
   * one.
   */
  shutdownMs: 9_000,
} as const;
