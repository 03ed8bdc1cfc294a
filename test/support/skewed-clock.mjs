/**
 * Loaded before a service: its wall clock is wrong by CLOCK_SKEW_MS milliseconds. Its timers, which measure how long
 * something takes, are right.
 */
const skewMs = Number(process.env.CLOCK_SKEW_MS);
const RightDate = Date;

globalThis.Date = class Date extends RightDate {
  constructor(...given) {
    super(...(given.length === 0 ? [RightDate.now() + skewMs] : given));
  }

  static now() {
    return RightDate.now() + skewMs;
  }
};
