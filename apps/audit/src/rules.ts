/** What must be true of all that the services hold together, whatever has happened. Each rule has a name that stays. */
export const RULES = {
  APPROVED_TICKET: 'an approved order has one ticket, its own, and that is approved',
  APPROVED_AUTHORIZATION: 'an approved order has one authorization, its own, and that is in force',
  APPROVED_CONSUMER: 'an approved order is of a consumer who exists',
  REJECTED_TICKET: 'a rejected order has no ticket, or a rejected one',
  REJECTED_AUTHORIZATION: 'a rejected order has no authorization, or a reversed one',
  PENDING_SAGA: 'a pending order has a saga',
  SAGA_STATUS: 'an order is as its saga says',
  SAGA_ORDER: 'a saga has an order',
  SAGA_OVERDUE: 'a saga whose deadline has passed is attended to',
  TICKET_ORDER: 'a ticket has an order',
  AUTHORIZATION_ORDER: 'an authorization has an order',
  QUEUE_THERE: 'each queue is there',
  QUEUE_IDLE: 'no message waits while no saga does',
};
export type Rule = keyof typeof RULES;

/** More of one kind tell nobody more, and must not fill the memory. */
const MOST_IDS = 1_000;

/** Something that breaks a rule. */
export interface Finding {
  readonly rule: Rule;
  readonly id: string;
  readonly detail: string;
}

/** Collects what breaks a rule: all of it is counted, and the first thousand of each rule are kept. */
export class Findings {
  private readonly kept = new Map<Rule, Finding[]>();
  private readonly counted = new Map<Rule, number>();

  /** Adds something that breaks a rule. */
  note(rule: Rule, id: string, detail: string): void {
    const count = (this.counted.get(rule) ?? 0) + 1;
    this.counted.set(rule, count);
    if (count > MOST_IDS) return;
    this.kept.set(rule, [...(this.kept.get(rule) ?? []), { rule, id, detail }]);
  }

  /** @returns what was kept */
  list(): Finding[] {
    return [...this.kept.values()].flat();
  }

  /** @returns how often each rule was broken */
  counts(): Partial<Record<Rule, number>> {
    return Object.fromEntries(this.counted);
  }
}
