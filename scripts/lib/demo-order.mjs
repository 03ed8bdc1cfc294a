import { duration } from './log.mjs';

const ORDER = { consumerId: 70, restaurantId: 1, cardId: 1, price: 2000, items: [{ name: 'Dish 1', quantity: 2 }] };

/**
 * Places one order, waits for its saga, and tells what became of it.
 * @param {string} orderServiceUrl
 * @returns {Promise<string>} one line for the reader; it never fails
 */
export async function placeDemoOrder(orderServiceUrl, { signal }) {
  const began = performance.now();
  try {
    const response = await fetch(`${orderServiceUrl}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=10' },
      body: JSON.stringify(ORDER),
      signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
    });
    const text = await response.text();
    return describe(response.status, text, duration(performance.now() - began));
  } catch (error) {
    return `no answer (${error.cause?.message ?? error.message})`;
  }
}

function describe(status, text, elapsed) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = {};
  }
  if (answer.id === undefined || answer.status === undefined)
    return `POST /orders answered ${status}: ${text.slice(0, 500)}`;
  const parts = [`order ${answer.id} is ${answer.status} after ${elapsed}`];
  if (answer.ticketId) parts.push(`ticket ${answer.ticketId}`);
  if (answer.authorizationId) parts.push(`authorization ${answer.authorizationId}`);
  if (answer.rejection) parts.push(`${answer.rejection.code}: ${answer.rejection.message}`);
  return parts.join(', ');
}
