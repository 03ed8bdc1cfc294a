import type { Report } from './audit.js';
import { RULES, type Rule } from './rules.js';

const MOST_LINES = 20;

/** @returns a report for people */
export function reportText({ wrong, wrongCounts, stuck, counts }: Report): string {
  const lines = Object.entries(counts).map(([what, of]) => `${what.padEnd(15)} ${numbers(of) || 'none'}`);
  const dead = Object.entries(counts.queues).filter(([queue, count]) => queue.endsWith('.dead') && count > 0);
  for (const [queue, count] of dead) lines.push(`look at         ${queue}: ${count} dead letters`);
  lines.push(...shorten(stuck, ({ id, step, error }) => `look at         saga ${id} is stuck at ${step}: ${error}`));
  if (wrong.length === 0) lines.push('', 'Nothing is wrong.');
  for (const [rule, count] of Object.entries(wrongCounts)) {
    lines.push('', `WRONG ${count} × ${rule}: not so that ${RULES[rule as Rule]}`);
    const ofRule = wrong.filter((finding) => finding.rule === rule);
    lines.push(...shorten(ofRule, ({ id, detail }) => `  ${id}: ${detail}`));
    if (count > MOST_LINES) lines.push(`  and ${count - MOST_LINES} more; --json gives the first thousand`);
  }
  return lines.join('\n');
}

const shorten = <Item>(items: readonly Item[], line: (item: Item) => string) => items.slice(0, MOST_LINES).map(line);

const numbers = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
