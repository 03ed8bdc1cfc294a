/**
 * A way to PostgreSQL that breaks at the COMMIT of a transaction which a test names by its statements. It follows the
 * protocol: statements that were prepared are known by their names, a transaction may be one statement without BEGIN,
 * and messages may be pipelined.
 */
import { frameReader, queryFrame, type Frame } from './postgres-frames.js';
import { startTcpProxy, type Ends, type Tap, type TcpProxy } from './tcp-proxy.js';

export interface CommitFault {
  /** Which transaction: one of whose statements this matches. */
  readonly of: RegExp;
  /** And none of whose statements this matches. */
  readonly not?: RegExp;
  /**
   * cut-before: the connection is cut instead of passing COMMIT on; the server rolls back. cut-after: the server
   * commits, and its answer reaches nobody. The client sees the same in both cases. roll-back: the server is told
   * ROLLBACK in place of COMMIT, and answers so, without an error.
   */
  readonly how: 'cut-before' | 'cut-after' | 'roll-back';
  /** How many such transactions, one after the other. */
  readonly times: number;
  /** Called each time that it has happened. */
  readonly andThen?: () => void;
}

export interface PostgresProxy extends TcpProxy {
  /** Plans a fault. @returns a function that says how often it has happened */
  atCommit(fault: CommitFault): () => number;
}

class Plan {
  happened = 0;
  /** Transactions that have met their fate already, or are about to. */
  private taken = 0;

  readonly fault: CommitFault;

  constructor(fault: CommitFault) {
    this.fault = fault;
  }

  takes(statements: readonly string[], explicit: boolean): boolean {
    const { of, not, how, times } = this.fault;
    if (this.taken >= times || (how === 'roll-back' && !explicit)) return false;
    const fits = statements.some((sql) => of.test(sql)) && !statements.some((sql) => not?.test(sql));
    if (fits) this.taken++;
    return fits;
  }

  happens(): void {
    this.happened++;
    this.fault.andThen?.();
  }

  /** It was not that transaction's commit after all. */
  release(): void {
    this.taken--;
  }
}

/** Starts a proxy to the PostgreSQL server that a URL names. */
export async function startPostgresProxy(target: string): Promise<PostgresProxy> {
  const plans: Plan[] = [];
  const proxy = await startTcpProxy(target, (ends) => new Conversation(ends, plans));
  return {
    ...proxy,
    atCommit(fault) {
      const plan = new Plan(fault);
      plans.push(plan);
      return () => plan.happened;
    },
  };
}

/** One connection. */
class Conversation implements Tap {
  private readonly readClient = frameReader(true);
  private readonly readServer = frameReader(false);
  private readonly prepared = new Map<string, string>();
  private readonly portals = new Map<string, string>();
  private inBlock = false;
  private statements: string[] = [];
  /** ReadyForQuery messages that are due, and that have come; the first answers the start of the session. */
  private due = 1;
  private ready = 0;
  private held: { readonly plan: Plan; readonly until: number; readonly frames: Frame[] } | null = null;
  private isCut = false;

  private readonly ends: Ends;
  private readonly plans: readonly Plan[];

  constructor(ends: Ends, plans: readonly Plan[]) {
    this.ends = ends;
    this.plans = plans;
  }

  readonly fromClient = (data: Buffer): void => {
    for (const frame of this.readClient(data)) {
      const bytes = this.request(frame);
      if (this.isCut) return;
      this.ends.toServer(bytes);
    }
  };

  readonly fromServer = (data: Buffer): void => {
    for (const frame of this.readServer(data)) if (!this.isCut) this.answer(frame);
  };

  /** @returns what is passed on in its place */
  private request(frame: Frame): Buffer {
    const [first = '', second = ''] = frame.texts();
    if (frame.type === 'P') this.prepared.set(first, second);
    if (frame.type === 'B') this.portals.set(first, this.prepared.get(second)!);
    const sql = frame.type === 'Q' ? first : frame.type === 'E' ? this.portals.get(first) : undefined;
    const instead = sql === undefined ? null : this.executed(sql, frame.type === 'Q');
    if (frame.type === 'Q' || frame.type === 'S') this.due++;
    return instead ?? frame.bytes;
  }

  private executed(sql: string, simple: boolean): Buffer | null {
    const word = /^\s*(\w+(\s+to)?)/.exec(sql)?.[1]?.toLowerCase() ?? '';
    if (word === 'begin' || word === 'start') {
      [this.inBlock, this.statements] = [true, []];
      return null;
    }
    const ends = word === 'commit' || word === 'end';
    if (!ends && word !== 'rollback') this.statements.push(sql);
    if (this.inBlock && !ends && word !== 'rollback') return null;
    const { statements, inBlock } = this;
    [this.inBlock, this.statements] = [false, []];
    return word === 'rollback' ? null : this.committing(statements, inBlock && simple);
  }

  private committing(statements: readonly string[], explicit: boolean): Buffer | null {
    const plan = this.held ? undefined : this.plans.find((each) => each.takes(statements, explicit));
    if (!plan) return null;
    if (plan.fault.how === 'cut-after') {
      this.held = { plan, until: this.due + 1, frames: [] };
      return null;
    }
    if (plan.fault.how === 'cut-before') this.cut();
    plan.happens();
    return queryFrame('rollback');
  }

  private answer(frame: Frame): void {
    const { held } = this;
    const isHeld = held !== null && this.ready === held.until - 1;
    if (frame.type === 'Z') this.ready++;
    if (!isHeld) return this.ends.toClient(frame.bytes);
    held.frames.push(frame);
    if (frame.type !== 'Z') return;
    this.held = null;
    if (held.frames.some(({ type }) => type === 'E')) {
      held.plan.release();
      for (const { bytes } of held.frames) this.ends.toClient(bytes);
      return;
    }
    this.cut();
    held.plan.happens();
  }

  private cut(): void {
    this.isCut = true;
    this.ends.cut();
  }
}
