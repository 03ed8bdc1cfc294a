/** What a service says about itself; run-service.ts does the rest. */
import type { TProperties } from '@sinclair/typebox';
import type { Kysely } from 'kysely';
import type { Logger, Migrations, RabbitTransport } from 'saga-core';
import type { AsyncApiDocument } from 'saga-core/asyncapi';
import type { Registry } from 'prom-client';
import type { HttpApp } from './http-app.js';
import type { Settings } from './settings.js';

/** What a service is built from. Nothing of it needs to be reachable yet. */
export interface ServiceContext<Db, Own extends TProperties = TProperties> {
  readonly settings: Settings<Own>;
  readonly logger: Logger;
  readonly database: Kysely<Db>;
  readonly transport: RabbitTransport;
  /** What is measured, and served at `/metrics`. */
  readonly metrics: Registry;
  /** Aborts when the service is to stop: what waits for something can end early. */
  readonly stopping: AbortSignal;
}

/** What takes messages in: a participant, or an orchestrator. */
export interface Worker {
  /**
   * Begins to take messages, now or when the broker is there: it resolves once it does, or when it is stopped before.
   */
  start(): void | Promise<void>;
  /** Takes no more, finishes what is in hand and acknowledges it. It may be called before `start`. */
  stop(): Promise<void>;
  /** Whether messages are being taken, and can be handled. */
  isReady(): boolean;
  /** Why not; for `/health/ready`. */
  notReadyBecause?(): string | null;
}

/** The parts that a service consists of. */
export interface Service {
  readonly worker: Worker;
  /** Adds its routes to those for health. */
  readonly routes?: (app: HttpApp) => void | Promise<void>;
  /** Asks the database what its requests and messages ask it, for readiness. It throws when those would fail. */
  readonly probe?: () => Promise<unknown>;
}

/** A service, as runService runs it. */
export interface ServiceDefinition<Db, Own extends TProperties = TProperties> {
  /** Kebab case: `order-service`. It names the service in logs, to the database and to the broker. */
  readonly name: string;
  readonly defaultPort: number;
  /** Settings beside the common ones, by environment variable; see readSettings. */
  readonly settings?: Own;
  /** The document of its messages, which it serves. */
  readonly asyncApi: AsyncApiDocument;
  /** Migrations by the table that keeps account of them, in the order in which they run. */
  readonly migrations: Readonly<Record<string, Migrations>>;
  /** Puts the first rows in. It runs at every start, also in two processes at once. */
  readonly seed?: (database: Kysely<Db>) => Promise<void>;
  /** Builds the parts; starts nothing. */
  readonly build: (context: ServiceContext<Db, Own>) => Service;
}
