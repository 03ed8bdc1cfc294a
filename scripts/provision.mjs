/** Servers for other tools, such as benchmarks and fault tests: each starts one of its own, and stops or kills it as it likes. */
export { deleteTopology } from './lib/topology-cleanup.mjs';
export { dropDatabases, ensureDatabases } from './lib/databases.mjs';
export { freePort } from './lib/ports.mjs';
export { startPaths } from './lib/paths.mjs';
export { startPostgres } from './lib/postgres.mjs';
export { createProcessRegistry, findLeftovers } from './lib/process-registry.mjs';
export { ensureRabbitMq } from './lib/rabbitmq-install.mjs';
export { startRabbitMq } from './lib/rabbitmq.mjs';
export { SERVICES, startService } from './lib/services.mjs';
export { readStackFile } from './lib/stack-file.mjs';
export { withDatabase, withVhost } from './lib/urls.mjs';
