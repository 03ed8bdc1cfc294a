/** The door of saga-core/testing. */
export { CRASH_POINTS, watchCrashPoints } from '../crash-point.js';
export type { CrashPoint } from '../crash-point.js';
export { describeFailure, simulate } from './simulate.js';
export type { FailedRun, SimulateOptions, SimulationReport } from './simulate.js';
export { DEFAULT_FAULTS } from './faults.js';
export type { FaultDecision, Faults } from './faults.js';
export type { SimulatedParticipant } from './simulation.js';
export type { MemoryTransaction } from './memory-transaction.js';
export type { Random } from './random.js';
