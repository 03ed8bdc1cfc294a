/** The door of saga-core/testing. */
export { describeFailure, simulate } from './simulate.js';
export type { FailedRun, SimulateOptions, SimulationReport } from './simulate.js';
export { DEFAULT_FAULTS } from './faults.js';
export type { FaultDecision, Faults } from './faults.js';
export type { SimulatedParticipant } from './simulation.js';
export type { MemoryTransaction } from './memory-transaction.js';
export { Random } from './random.js';
