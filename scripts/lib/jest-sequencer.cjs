const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

const PROJECTS = ['unit', 'int', 'e2e'];

/** Suites that take long, the longest first: when they come last, one worker has nothing to do meanwhile. */
const LONG = [
  'create-order-saga.simulation-1',
  'create-order-saga.simulation-2',
  'broken-variants',
  'simulate',
  'rabbit-beginnings',
  'timers',
  'start',
  'console',
  'saga-cli-failures',
  'traces',
  'saga-cli',
  'metrics',
];

/** @returns {number} smaller ones come earlier */
function placeOf(test) {
  const name = path.basename(test.path).replace(/(\.int|\.e2e)?\.test\.ts$/, '');
  const place = LONG.indexOf(name);
  return place === -1 ? LONG.length : place;
}

/**
 * What needs the least comes first, for it tells the most in a second: unit tests, then those with servers. Of each
 * kind the long suites come first; the simulation also wants a heap that the others have not filled yet.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    const kindOf = ({ context }) => PROJECTS.indexOf(context.config.displayName.name);
    return super.sort(tests).sort((a, b) => kindOf(a) - kindOf(b) || placeOf(a) - placeOf(b));
  }
};
