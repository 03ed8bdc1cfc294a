const { default: Sequencer } = require('@jest/test-sequencer');

const ORDER = ['unit', 'int', 'e2e'];

/** What needs the least comes first: it tells the most in a second, and the simulation wants a heap that the others have not filled yet. */
module.exports = class extends Sequencer {
  sort(tests) {
    const place = ({ context }) => ORDER.indexOf(context.config.displayName.name);
    return super.sort(tests).sort((a, b) => place(a) - place(b));
  }
};
