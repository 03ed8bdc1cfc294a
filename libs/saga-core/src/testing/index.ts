/** The door of saga-core/testing. */
export { describeFailure, simulate } from './simulate.js';
export type { FailedRun, SimulateOptions, SimulationReport } from './simulate.js';
export { neverHappened } from './coverage.js';
export type { Coverage } from './coverage.js';
export { DEFAULT_FAULTS, NO_FAULTS } from './faults.js';
export type { FaultDecision, FaultKind, Faults } from './faults.js';
export { simulatedParticipant } from './simulated-participant.js';
export type { SimulatedParticipant } from './simulated-system.js';
export type { MemoryTransaction } from './memory-transaction.js';
export { Random } from './random.js';
