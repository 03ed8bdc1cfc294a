/** What every count of begun deliveries must do, whatever it stores in. */
import { uuidv7 } from 'uuidv7';
import type { DeliveryAttempts, DeliveryKey } from '../../transport/delivery-attempts.js';

/** @param attempts - asked for when the tests run */
export function describeDeliveryAttempts(name: string, attempts: () => DeliveryAttempts): void {
  const key = (changes: Partial<DeliveryKey> = {}): DeliveryKey => ({
    sagaId: uuidv7(),
    sequence: 1,
    routingKey: 'hotel.book',
    ...changes,
  });

  describe(`${name}, as a count of begun deliveries`, () => {
    it('counts what was begun and not finished, in the order asked for', async () => {
      const [one, two, never] = [key(), key(), key()];
      await attempts().begin([one, two]);
      await attempts().begin([two]);
      expect(await attempts().unfinished([never, two, one])).toEqual([0, 2, 1]);
      await attempts().finish([two, never]);
      expect(await attempts().unfinished([one, two])).toEqual([1, 0]);
      await attempts().begin([two]);
      expect(await attempts().unfinished([two])).toEqual([1]);
    });

    it('tells sagas, sequences and routing keys apart', async () => {
      const one = key();
      const others = [{ ...one, sequence: 2 }, { ...one, routingKey: 'hotel.book.response.success' }, key()];
      await attempts().begin([one]);
      expect(await attempts().unfinished([...others, one])).toEqual([0, 0, 0, 1]);
      await attempts().finish(others);
      expect(await attempts().unfinished([one])).toEqual([1]);
    });

    it('counts each of many processes', async () => {
      const [one, two] = [key(), key()];
      await Promise.all(
        Array.from({ length: 10 }, (_, index) => attempts().begin(index % 2 ? [one, two] : [two, one])),
      );
      expect(await attempts().unfinished([one, two])).toEqual([10, 10]);
    });

    it('takes empty batches', async () => {
      await attempts().begin([]);
      await attempts().finish([]);
      expect(await attempts().unfinished([])).toEqual([]);
    });
  });
}
