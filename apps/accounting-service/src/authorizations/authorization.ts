/** An authorization: the amount of an order, reserved on a card. */
export const AUTHORIZATION_STATUSES = ['AUTHORIZED', 'REVERSED'] as const;
export type AuthorizationStatus = (typeof AUTHORIZATION_STATUSES)[number];

/** Where each status can lead; every change of status is guarded by this table. */
const NEXT_STATUSES: Readonly<Record<AuthorizationStatus, readonly AuthorizationStatus[]>> = {
  AUTHORIZED: ['REVERSED'],
  REVERSED: [],
};

/** @returns the statuses from which an authorization may become `next`. */
export function statusesBefore(next: AuthorizationStatus): AuthorizationStatus[] {
  return AUTHORIZATION_STATUSES.filter((status) => NEXT_STATUSES[status].includes(next));
}
