/** The door of http-kit: what every HTTP API here shares. */
export { parseStrings } from './parse-strings.js';
export {
  HttpProblem,
  PROBLEM_JSON,
  problemOf,
  PROBLEMS,
  ProblemSchema,
  RETRY_AFTER_SECONDS,
  sendProblem,
  type FieldError,
  type Problem,
  type ProblemKind,
} from './problem.js';
export { compileValidator } from './request-validation.js';
