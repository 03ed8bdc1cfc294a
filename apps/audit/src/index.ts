/** The door of the audit, for programs and tests. */
export { audit } from './audit.js';
export type { Places, Report } from './audit.js';
export { RULES } from './rules.js';
export type { Finding, Rule } from './rules.js';
