// The direction of imports. What the path of an order through the modules is, docs tell; that the code keeps to it,
// these rules do.

const core = '^libs/saga-core/src/';
const tests = '[.]test[.]ts$|/testing/|^test/';

/** Each folder of saga-core imports only from those before it, from util, and from the files at the root of src. */
const order = ['util', 'contract', 'definition', 'engine', 'store', 'transport', 'participant', 'orchestrator'];
const leaves = ['admin', 'asyncapi', 'metrics', 'tracing', 'testing'];
const rootFiles = `${core}(errors|settings|crash-point)[.]ts$`;
/** Ports stand with what uses them; the store implements them. */
const ports = `${core}(orchestrator/saga-store|participant/inbox-store|transport/delivery-attempts)[.]ts$`;

const folderOrder = order.map((folder, position) => ({
  name: `saga-core-${folder}`,
  comment: `${folder} imports only from ${[...order.slice(0, position), 'the root files'].join(', ')}`,
  severity: 'error',
  from: { path: `${core}${folder}/`, pathNot: tests },
  to: {
    path: core,
    pathNot: [rootFiles, `${core}(${order.slice(0, position + 1).join('|')})/`, ...(folder === 'store' ? [ports] : [])],
  },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'a cycle of files is one file that was cut in the wrong place',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'the file or package does not exist',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...folderOrder,
    {
      name: 'saga-core-root-files',
      comment: 'errors, settings and crash points are imported by every folder, and import from util alone',
      severity: 'error',
      from: { path: rootFiles },
      to: { path: core, pathNot: [rootFiles, `${core}util/`] },
    },
    {
      name: 'saga-core-ports',
      comment: 'a port says what its user needs, and nothing of who implements it',
      severity: 'error',
      from: { path: ports },
      to: { path: core, pathNot: `${core}(contract|definition|engine)/` },
    },
    {
      name: 'saga-core-leaves',
      comment: 'a leaf may import from every folder; only its own door and index.ts import a leaf',
      severity: 'error',
      from: { path: core, pathNot: [`${core}(${leaves.join('|')})/`, `${core}index[.]ts$`, tests] },
      to: { path: `${core}(${leaves.join('|')})/` },
    },
    {
      name: 'saga-core-leaf-to-leaf',
      comment: 'leaves do not know each other; only testing may know them all',
      severity: 'error',
      from: { path: `${core}(${leaves.join('|')})/`, pathNot: tests },
      to: { path: `${core}(${leaves.join('|')})/`, pathNot: `${core}$1/` },
    },
    {
      name: 'saga-core-own-index',
      comment: 'index.ts is the door for others; inside, import from the file that has it',
      severity: 'error',
      from: { path: core },
      to: { path: `${core}index[.]ts$` },
    },
    {
      name: 'saga-core-optional-peers',
      comment: 'prom-client and OpenTelemetry are optional: only the doors that are made for them import them',
      severity: 'error',
      from: { path: core, pathNot: [`${core}(metrics|tracing)/`, tests] },
      to: { path: 'node_modules/(prom-client|@opentelemetry)/' },
    },
    {
      name: 'saga-core-without-http',
      comment: 'orchestrators and participants need no web server',
      severity: 'error',
      from: { path: core, pathNot: tests },
      to: { path: ['node_modules/@?fastify/', '^libs/saga-operator/'] },
    },
    {
      name: 'admin-for-operators',
      comment: 'saga-core/admin is for tools of operators; services need none of it',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: ['^libs/saga-(core|operator)/'] },
      to: { path: `${core}admin/` },
    },
    {
      name: 'operator-for-orchestrators',
      comment: 'operators see and steer sagas at an orchestrator; a participant has none',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: ['^libs/saga-operator/', '^apps/order-service/'] },
      to: { path: '^libs/saga-operator/' },
    },
    {
      name: 'sql-in-store',
      comment: "in saga-core the SQL is the store's",
      severity: 'error',
      from: { path: core, pathNot: [`${core}store/`, tests] },
      to: { path: 'node_modules/(@types/)?(pg|kysely)/' },
    },
    {
      name: 'amqp-in-transport',
      comment: "the AMQP is the transport's; the audit only counts what lies in the queues",
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: [`${core}transport/`, '^apps/audit/src/queues[.]ts$', tests] },
      to: { path: 'node_modules/amqplib/' },
    },
    {
      name: 'tracing-sdk-in-one-place',
      comment: "OpenTelemetry's SDK is imported by one file; all else knows its API",
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: ['^libs/service-kit/src/tracing-sdk[.]ts$', tests] },
      to: { path: 'node_modules/@opentelemetry/', pathNot: 'node_modules/@opentelemetry/api/' },
    },
    {
      name: 'tracing-sdk-on-demand',
      comment: 'and that file is loaded where traces have somewhere to go',
      severity: 'error',
      from: {},
      to: { path: '^libs/service-kit/src/tracing-sdk[.]ts$', dynamic: false },
    },
    {
      name: 'libs-not-to-apps',
      comment: 'a library does not know who uses it',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-not-to-apps',
      comment: 'services know each other only by their messages; the audit reads the tables of all',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/audit/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'packages-by-name',
      comment: 'another workspace is imported by its package name, not by a path',
      severity: 'error',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: { path: '^(libs|apps)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    },
    {
      name: 'packages-by-door',
      comment: 'another workspace is imported through its door, an index.ts that its package.json exports',
      severity: 'error',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: {
        path: '^(libs|apps)/',
        pathNot: ['^$1/$2/', '^(libs|apps)/[^/]+/src/index[.]ts$', '^libs/[^/]+/src/[^/]+/index[.]ts$'],
      },
    },
    {
      name: 'declared-dependencies',
      comment:
        'what runs in production is a dependency of its own package, not of the root and not for development only',
      severity: 'error',
      // The console is bundled when it is built: nothing of what it imports is there in production.
      from: { path: '^(libs|apps)/', pathNot: [tests, '^libs/saga-operator/console/'] },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
        pathNot: 'node_modules/@types/',
      },
    },
    {
      name: 'production-not-to-tests',
      comment: 'only tests import tests and their helpers',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: [tests, `${core}index[.]ts$`] },
      to: { path: '[.]test[.]ts$|^test/' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules'] },
    exclude: { path: '^(libs|apps)/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.tests.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@ws/source', 'import', 'require', 'node', 'default', 'types'],
    },
  },
};
