import { DEFAULT_ACTION_RETRY, CONSTANTS } from 'saga-core';

/** What handling takes on a machine that does a lot else. */
const WORK_MS = 2_000;

/**
 * The bound within which every saga has ended after the last fault is gone, in milliseconds: a command that was lost is
 * noticed after its reply timeout, and whoever waits to try again does so after the longest pause. Both together come
 * only to a command that was lost by the last fault.
 */
export const HEALED_WITHIN_MS = DEFAULT_ACTION_RETRY.replyTimeoutMs + CONSTANTS.recoveryMaxMs + WORK_MS;
