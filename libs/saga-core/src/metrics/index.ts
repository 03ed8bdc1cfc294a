/** The door of saga-core/metrics: what saga-core does, as Prometheus metrics in a registry of prom-client. */
export { commandMetrics } from './command-metrics.js';
export { deadLetterGauge } from './dead-letter-gauge.js';
export { poolMetrics } from './pool-metrics.js';
export { sagaGauges } from './saga-gauges.js';
export { sagaMetrics } from './saga-metrics.js';
export { meteredTransport } from './transport-metrics.js';
