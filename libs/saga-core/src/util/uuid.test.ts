import { isUuid, UUID_PATTERN, UUID_PATTERN_ANY_CASE } from './uuid.js';

const ID = '0190b0a0-0000-7000-8000-00000000000f';

it.each([ID, ID.toUpperCase()])('takes %s', (id) => {
  expect(isUuid(id)).toBe(true);
  expect(id).toMatch(new RegExp(UUID_PATTERN_ANY_CASE));
});

it.each(['', '17', `${ID}0`, `x${ID}`, ID.replaceAll('-', ''), ID.replace('f', 'g'), `${ID}\n`])(
  'does not take %j',
  (text) => {
    expect(isUuid(text)).toBe(false);
    expect(text).not.toMatch(new RegExp(UUID_PATTERN_ANY_CASE));
  },
);

it('has a pattern for lower case alone', () => {
  expect(ID).toMatch(new RegExp(UUID_PATTERN));
  expect(ID.toUpperCase()).not.toMatch(new RegExp(UUID_PATTERN));
});
