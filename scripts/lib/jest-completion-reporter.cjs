/** Tells the process that started Jest when all tests have run. Jest loads reporters with require, so this file is CommonJS. */
module.exports = class JestCompletionReporter {
  onRunComplete() {
    process.send?.('tests have run');
  }
};
