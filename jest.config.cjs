/** Unit tests (*.test.ts) need nothing; *.int.test.ts need PostgreSQL and RabbitMQ; test/ holds what spans services (*.e2e.test.ts), and test/faults what breaks. */
const common = {
  rootDir: __dirname,
  testEnvironment: 'node',
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
  extensionsToTreatAsEsm: [],
  modulePathIgnorePatterns: ['/dist/', '/.local/'],
};
module.exports = {
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
      // Suites whose programs cannot be had here: `npm test` says which, and why.
      testPathIgnorePatterns: [
        '/node_modules/',
        '<rootDir>/test/faults/',
        ...(process.env.TEST_LEFT_OUT?.split(',').filter(Boolean) ?? []),
      ],
    },
    // Minutes of killing and waiting: a command of its own.
    { ...common, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.e2e.test.ts'] },
  ],
};
