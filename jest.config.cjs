/**
 * Unit tests (*.test.ts) need nothing; *.int.test.ts need PostgreSQL and RabbitMQ; test/ holds what spans services
 * (*.e2e.test.ts), and test/faults what breaks.
 */
const { availableParallelism } = require('node:os');

const common = {
  rootDir: __dirname,
  testEnvironment: '<rootDir>/scripts/lib/jest-environment.cjs',
  testEnvironmentOptions: { customExportConditions: ['@ws/source', 'node', 'require', 'default'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.(ts|mjs|js)$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } },
    ],
  },
  // Packages that are ES modules only: the scripts use them, and tests use the scripts.
  transformIgnorePatterns: ['/node_modules/(?!(get-port|is-network-error|p-retry|p-wait-for|tinyexec)/)'],
  // Jest's sandbox looks global names up slowly: the simulation takes half as long again without this. Names that tests
  // replace (Date, timers) cannot be here, nor those that packages declare themselves (Buffer, Number, String).
  sandboxInjectedGlobals: ['Array', 'JSON', 'Map', 'Math', 'Object', 'Set', 'WeakMap'],
  extensionsToTreatAsEsm: [],
  modulePathIgnorePatterns: ['/dist/', '/.local/'],
};
/** Suites whose programs cannot be had here: `npm test` says which, and why. */
const leftOut = process.env.TEST_LEFT_OUT?.split(',').filter(Boolean) ?? [];

module.exports = {
  // Suites wait for processes more than they work, so two share a small machine; each of many has four services.
  maxWorkers: Math.min(4, Math.max(2, availableParallelism() - 1)),
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{libs,apps,scripts}/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.int\\.test\\.ts$'],
    },
    { ...common, displayName: 'int', testMatch: ['<rootDir>/{libs,apps}/**/*.int.test.ts'] },
    {
      ...common,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/**/*.e2e.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/faults/', ...leftOut],
    },
    // Minutes of killing and waiting: a command of its own.
    {
      ...common,
      displayName: 'faults',
      testMatch: ['<rootDir>/test/faults/**/*.e2e.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', ...leftOut],
    },
  ],
};
