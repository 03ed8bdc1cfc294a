/** Who acts: asked once, remembered by the browser. */
const NAME = 'operator-name';

/** @returns the name that was given last, or nothing. */
export const rememberedName = (): string => localStorage.getItem(NAME) ?? '';
/** Remembers the name for the next time. */
export const rememberName = (name: string): void => localStorage.setItem(NAME, name);

const EXPLAINED: Readonly<Record<string, string>> = {
  UNAUTHORIZED: 'The service asks for its operator token.',
  FORBIDDEN: 'This service lets no operator in: it was started without a token.',
  EXPORT_RUNNING: 'Somebody else exports just now. Try again in a moment.',
  INVALID_PAYLOAD: 'That breaks what was agreed. Nothing was done.',
  SAGA_MOVED_ON: 'The saga has moved on since you opened it, so nothing was done. Look at it again, and decide anew.',
  ACTION_NOT_ALLOWED: 'This cannot be done where the saga stands now. Nothing was done.',
  EDIT_NOT_ALLOWED: 'This service does not let operators change payloads.',
  BULK_OPERATION_RUNNING: 'The same is being done already: see Operations.',
};

/** @returns what an error of the API means for the operator. */
export const explain = ({ code, message }: { code: string; message: string }): string =>
  EXPLAINED[code] ? `${EXPLAINED[code]} (${message})` : message;
