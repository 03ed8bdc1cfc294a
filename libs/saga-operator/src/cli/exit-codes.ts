/** How the program ends; `saga --help` tells the same. */
export const EXIT = {
  ok: 0,
  /** The answer is bad news: a watched saga did not complete, or `list --exit-code` found some. */
  badNews: 1,
  usage: 2,
  /** Not allowed now, a payload that breaks its schema, or the saga has moved on. */
  refused: 3,
  notFound: 4,
  /** The token is missing or wrong. */
  access: 5,
  /** The service is away, or failed, or is no saga service; or the output cannot be written. */
  unavailable: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the program with a line for people. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}
