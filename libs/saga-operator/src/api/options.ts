/** What the console is made of. */
import type { Orchestrator } from 'saga-core';
import type { Database, DeadLetters } from 'saga-core/admin';
import type { ConsolePage } from './page-routes.js';
import type { LinkTemplate } from './saga-detail.js';

export interface OperatorConsoleOptions {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any database: only saga-core's own tables are read
  readonly orchestrator: Pick<Orchestrator<any>, 'definitions' | 'stored' | 'operate' | 'isReady'>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the same
  readonly database: Database<any>;
  /** Where dead letters lie; without it they are not shown. A transport of connectTransport has it. */
  readonly deadLetters?: DeadLetters;
  /** What clients must send as `Authorization: Bearer <token>`; null closes all routes but the page. */
  readonly token: string | null;
  /** Shown with each saga. */
  readonly links?: readonly LinkTemplate[];
  /** Whether the payload of a command may be changed; false unless given. */
  readonly allowEdit?: boolean;
  /** Finds sagas by a business id, such as an order's, so that `q` finds them quickly. */
  readonly findSagas?: (businessId: string) => Promise<readonly string[]>;
  /** What the page at the plugin's prefix is called, and what can be started from it. */
  readonly page?: ConsolePage;
}
