/** A run told for people: who did what, when, in the words of the domain. */
import type { IncomingMessage, OutgoingMessage } from '../contract/message.js';
import type { HistoryEntry } from '../engine/history.js';

interface Line {
  readonly at: number;
  readonly who: string;
  readonly what: string;
  readonly fault: boolean;
}

/** Tells what somebody does; the words are asked for only when somebody listens. */
export type Tell = (who: string, what: () => string) => void;

export class Story {
  private readonly lines: Line[] = [];

  /** @param at - milliseconds since the run began */
  add(at: number, who: string, what: string, fault = false): void {
    this.lines.push({ at, who, what, fault });
  }

  /** @returns the lines in columns: time, `!` for a fault, who, what */
  render(): string[] {
    const times = this.lines.map(({ at }) => inWords(at));
    const time = Math.max(0, ...times.map(({ length }) => length));
    const name = Math.max(0, ...this.lines.map(({ who }) => who.length));
    return this.lines.map(
      ({ who, what, fault }, index) =>
        `${times[index]!.padStart(time)} ${fault ? '!' : ' '} ${who.padEnd(name)}  ${what}`,
    );
  }
}

/** @returns milliseconds as people read them: "61,250 ms" */
export const inWords = (ms: number): string => `${String(ms).replace(/\B(?=(\d{3})+$)/g, ',')} ms`;

/** @returns the number of a saga of a run, which its id ends with */
export const sagaNumber = (id: string): number => Number.parseInt(id.slice(-12), 16);

/** @returns a command's identity as a story writes it: `2:3` is the third command of saga 2 */
export function describeCommandId(commandId: string | undefined): string {
  if (commandId?.[UUID_LENGTH] !== ':') return commandId ?? 'nothing';
  return `${sagaNumber(commandId.slice(0, UUID_LENGTH))}${commandId.slice(UUID_LENGTH)}`;
}

const UUID_LENGTH = 36;

/** @returns a message as a story writes it */
export function describeMessage({ routingKey, correlationId }: OutgoingMessage | IncomingMessage): string {
  return `${routingKey} (${describeCommandId(correlationId)})`;
}

const WORDS: Partial<Record<HistoryEntry['type'], string>> = {
  command_sent: 'is sent',
  command_resent: 'is sent again',
  step_succeeded: 'succeeded',
  step_refused: 'was refused',
  step_failed: 'failed',
  step_timed_out: 'timed out',
  retry_scheduled: 'pauses',
};

/** @returns what one input did to a saga */
export function describeEntries(sagaId: string, entries: readonly HistoryEntry[]): string {
  const told = entries.map(({ type, step, code, commandId, attempt }) => {
    if (type === 'reply_ignored') return `the reply to ${describeCommandId(commandId)} is ignored`;
    const words = WORDS[type];
    const why = code === undefined || type === 'step_timed_out' ? '' : ` (${code})`;
    if (words === undefined) return `${type.replaceAll('_', ' ')}${why}`;
    const which = type === 'step_timed_out' || type === 'command_resent' ? `, attempt ${attempt}` : '';
    return `${step} ${words}${which}${why}`;
  });
  return `saga ${sagaNumber(sagaId)}: ${told.join('; ')}`;
}
