/** Bounds of histograms, in seconds: from what a step takes on a quiet machine to what an operator takes. */
export const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600];

/** Bounds for how many messages or sagas went into one transaction. */
export const BATCH_SIZES = [1, 2, 5, 10, 20, 50, 100, 200];
