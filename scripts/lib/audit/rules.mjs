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

/** More of one kind tell nobody more, and must not fill the memory. */
const MOST_IDS = 1_000;

/**
 * @typedef {{rule: keyof typeof RULES, id: string, detail: string}} Finding
 * @typedef {{note(rule: keyof typeof RULES, id: string, detail: string): void, list(): Finding[], counts(): Record<string, number>}} Findings
 */

/** Collects what breaks a rule: all of it is counted, and the first thousand of each rule kept. @returns {Findings} */
export function collectFindings() {
  const kept = new Map();
  const counts = {};
  return {
    note(rule, id, detail) {
      counts[rule] = (counts[rule] ?? 0) + 1;
      if (!kept.has(rule)) kept.set(rule, []);
      if (counts[rule] <= MOST_IDS) kept.get(rule).push({ rule, id, detail });
    },
    list: () => [...kept.values()].flat(),
    counts: () => ({ ...counts }),
  };
}
