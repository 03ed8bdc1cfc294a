/**
 * Invariant kept here: a message that kills its consumer each time is parked with its cause, and the innocent ones that
 * were prefetched beside it are not.
 *
 * The broker's own delivery count cannot tell them apart: it goes up for all that the dead process had not
 * acknowledged. So before a message that was delivered before is handled, that is noted in the database, and forgotten
 * when its handling comes to an end: what remains is a message over which a process died. Such a message is handled
 * alone, so that only it can be to blame the next time.
 */
import type { Logger } from 'pino';
import { deadLetter } from '../contract/dead-letter.js';
import type { IncomingMessage } from '../contract/message.js';
import { commandIdOf, isRoutingKey, parseCommandId } from '../contract/routing.js';
import type { DeliveryAttempts, DeliveryKey } from './delivery-attempts.js';
import { CONSTANTS } from '../settings.js';
import { ensureDeadLettered } from './ensure-dead-lettered.js';
import type { ConsumeOptions, Suspect, Transport, Unfinished } from './transport.js';

type HandleBatch = ConsumeOptions['handleBatch'];

interface Redelivered {
  readonly key: DeliveryKey;
  /** The same command may have been delivered more than once. */
  readonly messages: IncomingMessage[];
  /**
   * The same that come for the first time: they are handled like others, but not among the innocent when a process died
   * of its like.
   */
  readonly fresh: IncomingMessage[];
}

/** @returns `handleBatch`, guarded; messages that were never delivered before take no detour */
export function guardAgainstCrashLoops(
  queue: string,
  handleBatch: HandleBatch,
  attempts: DeliveryAttempts,
  transport: Pick<Transport, 'publish'>,
  logger: Logger,
): HandleBatch {
  /** Noted, and not forgotten again, because the database was away just then: no death, for this process lives. */
  const survived = new Set<DeliveryKey>();
  const forget = async (keys: readonly DeliveryKey[]): Promise<void> => {
    const all = [...survived, ...keys];
    if (all.length === 0) return;
    // Suspects forget beside batches: each sees to its own.
    survived.clear();
    try {
      await attempts.finish(all);
    } catch (error) {
      for (const key of all) survived.add(key);
      throw error;
    }
  };

  /** Notes deliveries for as long as some work with them lasts. */
  const noted = async <Result>(keys: readonly DeliveryKey[], work: () => Promise<Result>): Promise<Result> => {
    await attempts.begin(keys);
    try {
      return await work();
    } finally {
      // Whatever happened, the process has survived it.
      await forget(keys);
    }
  };

  const handleNoted = async (returned: readonly Redelivered[]): Promise<Partial<Unfinished>> => {
    const unfinished = await noted(
      returned.map(({ key }) => key),
      () => handleBatch(returned.flatMap(({ messages }) => messages)),
    );
    const notedAlone = (suspect: Suspect): Suspect => {
      const among = returned.filter(({ messages }) => messages.some((message) => suspect.messages.includes(message)));
      const keys = among.map(({ key }) => key);
      return { ...suspect, handleIsolated: () => noted(keys, () => suspect.handleIsolated()) };
    };
    return { later: unfinished?.later ?? [], suspects: (unfinished?.suspects ?? []).map(notedAlone) };
  };

  const park = async ({ key, messages }: Redelivered, deaths: number): Promise<readonly IncomingMessage[]> => {
    const detail = `${deaths} processes died while they handled it`;
    logger.error(
      { queue, commandId: commandIdOf(key.sagaId, key.sequence), deaths },
      'a message is dead-lettered: processes die of it',
    );
    const deadLettered = messages.map((message) => ({
      message,
      letter: deadLetter(message, queue, 'CRASH_LOOP', detail),
    }));
    const fates = await transport.publish(deadLettered.map(({ letter }) => letter));
    const undone = await ensureDeadLettered(deadLettered, fates, transport, logger);
    // As long as its letter has no room, it must not be handled.
    if (undone.length === 0) await forget([key]);
    return undone;
  };

  return async (batch) => {
    await forget([]);
    const suspects = suspectsIn(batch);
    if (suspects.size === 0) return handleBatch(batch);
    const list = [...suspects.values()];
    const deaths = await attempts.unfinished(list.map(({ key }) => key));
    const newcomers = list.filter((_suspect, index) => deaths[index] === 0);
    const known = list.filter((_suspect, index) => deaths[index]! > 0);
    const apart = new Set(list.flatMap(({ messages }) => messages));
    for (const { fresh } of known) for (const message of fresh) apart.add(message);
    const innocent = batch.filter((message) => !apart.has(message));
    const later: IncomingMessage[] = [];
    const failed: Suspect[] = [];
    const add = (unfinished: Partial<Unfinished> | void): void => {
      later.push(...(unfinished?.later ?? []));
      failed.push(...(unfinished?.suspects ?? []));
    };
    if (newcomers.length > 0) add(await handleNoted(newcomers));
    if (innocent.length > 0) add(await handleBatch(innocent));
    for (const [index, suspect] of list.entries()) {
      const count = deaths[index]!;
      const { key, messages, fresh } = suspect;
      if (count === 0) continue;
      const isLethal = count >= CONSTANTS.maxDeathsPerMessage;
      if (isLethal) later.push(...(await park(suspect, count)));
      const left = isLethal ? fresh : [...messages, ...fresh];
      if (left.length > 0) add(await handleNoted([{ key, messages: left, fresh: [] }]));
    }
    return { later, suspects: failed };
  };
}

const nameOf = ({ routingKey, correlationId }: IncomingMessage): string => `${routingKey} ${correlationId}`;

/** @returns the messages that were delivered before and say what they are about, by name */
function suspectsIn(batch: readonly IncomingMessage[]): Map<string, Redelivered> {
  const suspects = new Map<string, Redelivered>();
  for (const message of batch) {
    const identity = message.deliveredBefore && parseCommandId(message.correlationId ?? '');
    // Other routing keys name nothing that is handled, and may hold what a database refuses.
    if (!identity || !isRoutingKey(message.routingKey)) continue;
    const known = suspects.get(nameOf(message));
    if (known) known.messages.push(message);
    else
      suspects.set(nameOf(message), {
        key: { ...identity, routingKey: message.routingKey },
        messages: [message],
        fresh: [],
      });
  }
  for (const message of batch) if (!message.deliveredBefore) suspects.get(nameOf(message))?.fresh.push(message);
  return suspects;
}
