/**
 * Connections to the broker are cut, turned into black holes, and closed on one side only: those that publish and those
 * that consume, of the orchestrator and of participants, with orders of all kinds in flight. A process notices a black
 * hole by itself, in seconds: its heartbeat says so after two silent intervals of 5 s, at the latest when the third
 * begins, and a confirm that does not come after 10 s. The broker notices in the same way a client that is gone, and
 * then gives what that client had not acknowledged to others.
 *
 * Once the way is free again, every order ends within 15 s: a process is connected again after a pause of 3 s at most,
 * and what was lost on the way is sent again when its reply timeout of 10 s has passed. FAULT_SEED repeats a run's
 * choices.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from 'saga-core/testing';
import { loadEndedRight, startLoad, type Load, type OrderKind } from '../support/load.js';
import { LONG_FORM } from '../support/long-form.js';
import { startService, type ServiceName, type ServiceProcess } from '../support/service-process.js';
import { startStack, type Stack } from '../support/stack.js';
import { startTcpProxy, type Direction, type TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait-for.js';

const SEED = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);
const CUTS = Number(process.env.FAULT_ROUNDS ?? 6);
const HEALED_WITHIN_MS = 15_000;
/** Two silent intervals of 5 s, of which the first may have begun with a message; and a machine that is busy. */
const NOTICED_WITHIN_MS = 20_000;
const KINDS: readonly OrderKind[] = ['good', 'overLimit', 'unknownDish', 'suspended'];
const SERVICES: readonly ServiceName[] = [
  'order-service',
  'consumer-service',
  'restaurant-service',
  'accounting-service',
];
type Role = 'publishing' | 'consuming';

const proxies = new Map<ServiceName | 'twin', TcpProxy>();
let stack: Stack;
/** A second process of order-service. */
let twin: ServiceProcess;
beforeAll(async () => {
  for (const name of [...SERVICES, 'twin' as const]) proxies.set(name, await startTcpProxy(process.env.TEST_AMQP_URL!));
  stack = await startStack('connections', SERVICES, (name, { AMQP_URL, ...settings }) => ({
    ...settings,
    AMQP_URL: proxies.get(name)!.through(AMQP_URL!),
  }));
  const AMQP_URL = proxies.get('twin')!.through(stack.broker.amqpUrl);
  twin = startService('order-service', { ...stack.settingsOf('order-service'), AMQP_URL });
  await twin.untilReady();
}, 60_000);
afterAll(async () => {
  await twin.stop();
  await stack.stop();
  await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
}, 60_000);

const processOf = (name: ServiceName | 'twin'): ServiceProcess => (name === 'twin' ? twin : stack.service(name));
const linkOf = (name: ServiceName | 'twin', role: Role): string =>
  `${name === 'twin' ? 'order-service' : name} ${role}`;
/** How often a process has said that a connection of its own was lost. */
const losses = (name: ServiceName | 'twin', role: Role): number =>
  processOf(name)
    .output()
    .split('\n')
    .filter((line) => line.includes(`"link":"${linkOf(name, role)}"`) && line.includes('lost or refused')).length;

interface Fault {
  /** Begins it. @returns once it was noticed by whoever is to notice it */
  strike(): Promise<void>;
}

/** A black hole, until `resume`. */
const stalled = (name: ServiceName | 'twin', role: Role, direction: Direction): Fault => ({
  async strike() {
    const before = losses(name, role);
    expect(proxies.get(name)!.stall(linkOf(name, role), direction)).toBe(1);
    await waitFor(
      `${linkOf(name, role)} to notice that nothing goes ${direction}`,
      () => losses(name, role) > before,
      NOTICED_WITHIN_MS,
    );
  },
});

/** The client or the broker is told that it is over; the other is not. */
const halfClosed = (name: ServiceName | 'twin', role: Role, side: 'client' | 'server'): Fault => ({
  async strike() {
    let isOver = false;
    const over = proxies
      .get(name)!
      .halfClose(linkOf(name, role), side)
      .then(() => (isOver = true));
    await waitFor(`the end of ${linkOf(name, role)}, whose ${side} is gone`, () => isOver, NOTICED_WITHIN_MS);
    await over;
  },
});

/** Has all kinds of orders in flight while something happens; they must all end right soon after. */
async function underLoad(work: (load: Load) => Promise<void>): Promise<void> {
  let number = 0;
  const urls = [() => stack.url('order-service'), () => twin.url()];
  const load = startLoad(() => urls[number++ % 2]!(), KINDS);
  try {
    await load.untilTaken(2);
    await work(load);
    const { statuses } = await loadEndedRight(stack, load, HEALED_WITHIN_MS);
    for (const kind of KINDS) expect(statuses[kind]!.length).toBeGreaterThanOrEqual(2);
    expect(statuses.good).toContain('APPROVED');
    const counts = Object.entries(await stack.broker.messageCounts());
    expect(counts.filter(([queue, count]) => queue.endsWith('.dead') && count > 0)).toEqual([]);
  } finally {
    for (const proxy of proxies.values()) proxy.resume();
    await load.stop();
  }
}

/** The one has what the other lacks: of each process, the connection that publishes or the one that consumes. */
const ROUNDS: [string, Fault[]][] = [
  [
    'first',
    [
      stalled('order-service', 'publishing', 'both'),
      halfClosed('twin', 'consuming', 'server'),
      stalled('accounting-service', 'consuming', 'to server'),
      halfClosed('restaurant-service', 'publishing', 'server'),
      stalled('consumer-service', 'publishing', 'to client'),
    ],
  ],
  [
    'second',
    [
      stalled('order-service', 'consuming', 'both'),
      halfClosed('twin', 'publishing', 'client'),
      stalled('accounting-service', 'publishing', 'to server'),
      halfClosed('restaurant-service', 'consuming', 'client'),
      stalled('consumer-service', 'consuming', 'to client'),
    ],
  ],
];

test.each(LONG_FORM ? ROUNDS : [ROUNDS[SEED % 2]!])(
  `black holes and half-open connections are noticed and overcome, %s half (FAULT_SEED=${SEED})`,
  async (_half, faults) => {
    await underLoad(async () => {
      await Promise.all(faults.map((fault) => fault.strike()));
      for (const proxy of proxies.values()) proxy.resume();
    });
  },
  120_000,
);

test(
  `connections that are cut, or held up for a moment, cost nothing but time (FAULT_SEED=${SEED})`,
  async () => {
    const random = new Random(SEED);
    const all = [...proxies.keys()];
    await underLoad(async (load) => {
      for (let number = 0; number < CUTS; number++) {
        const name = random.pick(all);
        const proxy = proxies.get(name)!;
        const role = random.pick<Role>(['publishing', 'consuming']);
        if (number % 2 === 0) {
          const before = losses(name, role);
          proxy.cut();
          await waitFor('the cut to be noticed', () => losses(name, role) > before);
          proxy.restore();
        } else {
          proxy.stall(linkOf(name, role), random.pick<Direction>(['both', 'to server', 'to client']));
          await delay(random.next() * 1_000);
          proxy.resume();
        }
        await processOf(name).untilReady();
      }
      await load.untilTaken(1);
    });
  },
  60_000 + CUTS * 15_000,
);
