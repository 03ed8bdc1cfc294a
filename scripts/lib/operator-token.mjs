import { randomBytes } from 'node:crypto';
import { readJson, writeJsonAtomically } from './atomic-file.mjs';

/**
 * What operators of `npm start` send: OPERATOR_TOKEN, or one that is made at random once, and kept where only the owner can read it.
 * @param {string} file
 * @param {NodeJS.ProcessEnv} env
 * @returns {string}
 */
export function operatorTokenOf(file, env = process.env) {
  if (env.OPERATOR_TOKEN) return env.OPERATOR_TOKEN;
  const kept = readJson(file)?.token;
  if (typeof kept === 'string' && kept.length >= 16) return kept;
  const token = randomBytes(24).toString('base64url');
  writeJsonAtomically(file, { token });
  return token;
}
