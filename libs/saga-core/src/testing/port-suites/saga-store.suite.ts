/** What every saga store must do, whatever it stores in. */
import { uuidv7 } from 'uuidv7';
import { newInstance, type SagaInstance } from '../../engine/instance.js';
import type { SagaStore } from '../../orchestrator/saga-store.js';

const definition = { name: 'order_saga', version: 1, fingerprint: 'f1' } as never;
/** The definitions that due instances are looked for of. */
export const ORDER_SAGA = [{ name: 'order_saga', version: 1, fingerprint: 'f1' }];

/** @returns a new instance of version 1 */
export function sagaInstance(changes: Partial<SagaInstance> = {}): SagaInstance {
  return { ...newInstance(definition, uuidv7(), { order: 'o1' }, null), version: 1, ...changes };
}

/** @returns a command that is awaited. @param until - milliseconds since the epoch */
export function awaiting(until: number | null): NonNullable<SagaInstance['awaited']> {
  return {
    step: 0,
    name: 'hotel.book',
    direction: 'action',
    sequence: 1,
    attempt: 1,
    payload: {},
    state: 'sent',
    until,
    mayHaveArrived: false,
  };
}

/** @param store - an empty one; asked for when the tests run */
export function describeSagaStore(name: string, store: () => SagaStore<unknown>): void {
  let decidedAt: number;
  beforeEach(async () => {
    decidedAt = await now();
  });
  const insert = (...instances: SagaInstance[]) =>
    store().transaction((session) =>
      session.insert(instances.map((instance) => ({ instance, history: [{ type: 'started' as const }], decidedAt }))),
    );
  const save = (...instances: SagaInstance[]) =>
    store().transaction((session) =>
      session.save(instances.map((instance) => ({ instance, history: [{ type: 'stuck' as const }], decidedAt }))),
    );
  const due = async (limit = 10) =>
    (await store().transaction((session) => session.lockDue(limit, ORDER_SAGA))).instances.map(({ id }) => id);
  const now = () => store().transaction((session) => session.now());
  const forget = (...instances: SagaInstance[]) =>
    save(...instances.map((instance) => ({ ...instance, version: instance.version + 1, awaited: null })));

  describe(`${name}, as a saga store`, () => {
    it('gives back what was saved, history included', async () => {
      const before = Math.floor(await now());
      const saved = sagaInstance({
        startedAt: before,
        awaited: awaiting(before + 60_000),
        actions: [{ sequence: 1, state: 'unknown' }],
        failure: { step: 'hotel.book', code: 'FULL', message: 'no room\0' },
        traceparent: '00-a-b-01',
      });
      await insert(saved);
      const created = (await store().find(saved.id))!;
      expect(created).toMatchObject({ endedAt: null });
      const next = { ...saved, version: 2, status: 'completed', awaited: null } as const;
      await save(next);
      const found = (await store().find(saved.id))!;
      expect(found).toMatchObject({
        instance: { ...next, startedAt: expect.any(Number) as number, failure: { message: 'no room\uFFFD' } },
        history: [
          { version: 1, entries: [{ type: 'started' }] },
          { version: 2, entries: [{ type: 'stuck' }] },
        ],
      });
      const { createdAt, updatedAt, endedAt, history, instance } = found;
      expect(createdAt).toBe(created.createdAt);
      const after = await now();
      for (const times of [
        [before, createdAt, updatedAt, after],
        [before, history[0]!.at, history[1]!.at, after],
        [createdAt, endedAt!, after],
        [before, instance.startedAt!, after],
      ])
        expect(times).toEqual([...times].sort((a, b) => a - b));
      await save({ ...next, version: 3 });
      expect(await store().find(saved.id)).toMatchObject({ endedAt });
      expect(await store().find(uuidv7())).toBeNull();
      expect(await store().statuses([saved.id, uuidv7()])).toEqual(new Map([[saved.id, 'completed']]));
    });

    it('keeps what it was given, and not what becomes of it', async () => {
      const data = { order: 'as given' };
      const saved = sagaInstance({ data });
      await insert(saved);
      data.order = 'changed';
      const locked = await store().transaction((session) => session.lock([saved.id]));
      expect(locked.instances[0]!.data).toEqual({ order: 'as given' });
      expect(() => ((locked.instances[0]!.data as typeof data).order = 'changed')).toThrow(TypeError);
      expect((await store().find(saved.id))!.instance.data).toEqual({ order: 'as given' });
    });

    it('refuses an id that is taken or comes twice, and saves nothing of the batch', async () => {
      const first = sagaInstance();
      await insert(first);
      const other = sagaInstance();
      await expect(insert(other, first)).rejects.toMatchObject({ code: 'DUPLICATE_SAGA' });
      await expect(insert(other, other)).rejects.toMatchObject({ code: 'DUPLICATE_SAGA' });
      expect(await store().find(other.id)).toBeNull();
    });

    it('takes empty batches', async () => {
      await insert();
      await save();
      expect((await store().transaction((session) => session.lock([]))).instances).toEqual([]);
    });

    it('saves without a lock those that nobody has saved since they were read, and says which, also when it is none', async () => {
      const [stale, fresh] = [sagaInstance(), sagaInstance()];
      await insert(stale, fresh);
      await save({ ...stale, version: 2 });
      const next = (instance: SagaInstance) => ({ instance: { ...instance, version: 2 }, history: [], decidedAt });
      const decidedAt = await store().transaction((session) => session.now());
      expect(await store().saveUnlocked([next(stale)], decidedAt)).toEqual(new Set());
      expect(await store().saveUnlocked([next(stale), next(fresh)], decidedAt)).toEqual(new Set([fresh.id]));
      const other = sagaInstance();
      await insert(other);
      expect(await store().saveUnlocked([next(other)], decidedAt)).toEqual(new Set([other.id]));
    });

    it('saves nothing of an old decision about what was not locked', async () => {
      const instance = sagaInstance();
      await insert(instance);
      const next = [{ instance: { ...instance, version: 2 }, history: [], decidedAt }];
      const old = (await now()) - 60_000;
      expect(await store().saveUnlocked(next, old)).toEqual(new Set());
      await expect(store().transaction((session) => session.saveLast(next, old))).rejects.toMatchObject({
        code: 'STALE_INSTANCE',
      });
      expect((await store().find(instance.id))!.instance.version).toBe(1);
    });

    it('commits the last save with what came before it, and nothing when it is stale; data that did not change stays', async () => {
      const [one, other] = [sagaInstance(), sagaInstance()];
      await insert(one);
      const next = (version: number) => [
        {
          instance: { ...one, version, data: null },
          history: [{ type: 'stuck' as const }],
          decidedAt,
          keepsData: true,
        },
      ];
      const lastly = (version: number) =>
        store().transaction(async (session) => {
          await session.insert([{ instance: other, history: [], decidedAt }]);
          await session.saveLast(next(version));
        });
      await expect(lastly(9)).rejects.toMatchObject({ code: 'STALE_INSTANCE' });
      expect(await store().find(other.id)).toBeNull();
      await lastly(2);
      expect((await store().find(one.id))!.instance).toMatchObject({ version: 2, data: one.data });
      expect(await store().find(other.id)).not.toBeNull();
    });

    it('knows the time of its database once it has heard it', async () => {
      const heard = await now();
      expect(Math.abs(store().clock()! - heard)).toBeLessThan(5_000);
    });

    it('fences a save by the version that was read, and saves nothing of a batch with a stale instance', async () => {
      const [stale, fresh, unknown] = [sagaInstance(), sagaInstance(), sagaInstance()];
      await insert(stale, fresh);
      await save({ ...stale, version: 2 });
      for (const late of [
        { ...stale, version: 2 },
        { ...stale, version: 4 },
        { ...unknown, version: 2 },
      ])
        await expect(save({ ...fresh, version: 2 }, late)).rejects.toMatchObject({ code: 'STALE_INSTANCE' });
      expect(await store().find(fresh.id)).toMatchObject({ instance: { version: 1 }, history: [{ version: 1 }] });
      expect(await store().find(unknown.id)).toBeNull();
    });

    it('locks those that exist, in the order of their ids, each once', async () => {
      const instances = [sagaInstance(), sagaInstance(), sagaInstance()];
      await insert(...instances);
      const ids = instances.map(({ id }) => id).sort();
      const locked = await store().transaction((session) => session.lock([...ids, uuidv7(), ids[0]!].reverse()));
      expect(locked.instances.map(({ id }) => id)).toEqual(ids);
      expect(Math.abs(locked.now - (await now()))).toBeLessThan(60_000);
    });

    it('lets one process at a time change a batch, also in opposite order', async () => {
      const instances = [sagaInstance(), sagaInstance(), sagaInstance()];
      await insert(...instances);
      const ids = instances.map(({ id }) => id);
      const bump = (order: readonly string[]) =>
        store().transaction(async (session) => {
          const { instances: locked } = await session.lock(order);
          await session.save(
            locked.map((item) => ({
              instance: { ...item, version: item.version + 1 },
              history: [{ type: 'stuck' }],
              decidedAt,
            })),
          );
        });
      await Promise.all(Array.from({ length: 20 }, (_, index) => bump(index % 2 ? ids : [...ids].reverse())));
      expect((await store().find(ids[0]!))!.instance.version).toBe(21);
    });

    it('gives each due instance to one process only, and those of known definitions only', async () => {
      const mine = [sagaInstance({ awaited: awaiting(2) }), sagaInstance({ awaited: awaiting(1) })];
      mine.push(sagaInstance({ awaited: awaiting(3), fingerprint: null }));
      const foreign = sagaInstance({ awaited: awaiting(1), definitionVersion: 9 });
      const changed = sagaInstance({ awaited: awaiting(1), fingerprint: 'f2' });
      const later = sagaInstance({ awaited: awaiting((await now()) + 60_000) });
      await insert(...mine, foreign, changed, later);
      const take = () =>
        store().transaction(async (session) => {
          const { instances } = await session.lockDue(10, ORDER_SAGA);
          await session.save(
            instances.map((item) => ({
              instance: { ...item, version: item.version + 1, awaited: null },
              history: [{ type: 'step_timed_out' }],
              decidedAt,
            })),
          );
          return instances.map(({ id }) => id);
        });
      const taken = (await Promise.all([take(), take(), take()])).filter(({ length }) => length > 0);
      expect(taken.flat().sort()).toEqual(mine.map(({ id }) => id).sort());
      // Those of one batch come in the order of their ids, not of their deadlines.
      for (const batch of taken) expect(batch).toEqual([...batch].sort());
      await forget(foreign, changed, later);
    });

    it('takes the longest due first, in the order of their ids', async () => {
      const [third, first, second] = [3, 1, 2].map((until) => sagaInstance({ awaited: awaiting(until) }));
      await insert(third!, first!, second!);
      expect(await due(2)).toEqual([first!.id, second!.id]);
      await forget(first!, second!, third!);
    });

    it.each([-3_600_000, 3_600_000])(
      'adds durations to its own time: a decision that took it for %d ms more comes to the same',
      async (wrongBy) => {
        const wrong = (await now()) + wrongBy;
        const decided = (version: number, dueInMs: number) => ({
          instance: sagaInstance({ id: started.id, version, startedAt: wrong, awaited: awaiting(wrong + dueInMs) }),
          history: [{ type: 'started' as const }],
          decidedAt: wrong,
        });
        const started = sagaInstance();
        const awaited = async () => (await store().find(started.id))!.instance.awaited!.until! - (await now());
        const isNear = (time: number, expected: number) => expect(Math.abs(time - expected)).toBeLessThan(10_000);
        await store().transaction((session) => session.insert([decided(1, 60_000)]));
        isNear(await awaited(), 60_000);
        isNear((await store().find(started.id))!.instance.startedAt!, await now());
        await store().transaction((session) => session.save([decided(2, 120_000)]));
        isNear(await awaited(), 120_000);
        expect(await due()).toEqual([]);
        await forget({ ...started, version: 2 });
      },
    );

    it('leaves a deadline where it is that is said to be kept, whatever the decision took it for', async () => {
      const saga = sagaInstance({ awaited: awaiting(decidedAt + 60_000) });
      await insert(saga);
      const { until } = (await store().find(saga.id))!.instance.awaited!;
      const next = { ...saga, version: 2, awaited: awaiting(1) };
      await store().transaction((session) =>
        session.save([{ instance: next, history: [], decidedAt, keepsDeadline: true }]),
      );
      expect((await store().find(saga.id))!.instance.awaited!.until).toBe(until);
      expect(await due()).toEqual([]);
      await forget(next);
    });

    it('follows the deadline, nearer or later, and never comes before it', async () => {
      const far = awaiting((await now()) + 60_000);
      const saga = sagaInstance({ awaited: far });
      await insert(saga);
      await save({ ...saga, version: 2, awaited: awaiting(1) });
      expect(await due()).toEqual([saga.id]);
      await save({ ...saga, version: 3, awaited: far });
      expect(await due()).toEqual([]);
      await save({ ...saga, version: 4, awaited: awaiting(1) });
      expect(await due()).toEqual([saga.id]);
      await forget({ ...saga, version: 4 });
    });

    it('forgets the deadline of a parked and of an ended instance', async () => {
      const [parked, ended] = [sagaInstance({ awaited: awaiting(1) }), sagaInstance({ awaited: awaiting(1) })];
      await insert(parked, ended);
      await save(
        { ...parked, version: 2, status: 'stuck', awaited: awaiting(null) },
        { ...ended, version: 2, status: 'completed', awaited: null },
      );
      expect(await due()).toEqual([]);
    });

    it('takes back the writes of isolated work that throws, and goes on', async () => {
      const [kept, lost, after] = [sagaInstance(), sagaInstance(), sagaInstance()];
      await store().transaction(async (session) => {
        await session.isolated(() => session.insert([{ instance: kept, history: [], decidedAt }]));
        const work = session.isolated(async () => {
          await session.insert([{ instance: lost, history: [], decidedAt }]);
          await session.save([{ instance: { ...kept, version: 2 }, history: [], decidedAt }]);
          throw new Error('no');
        });
        await expect(work).rejects.toThrow('no');
        expect(await session.isolated(() => Promise.resolve('an answer'))).toBe('an answer');
        await session.insert([{ instance: after, history: [], decidedAt }]);
      });
      expect(await store().find(lost.id)).toBeNull();
      expect(await store().find(kept.id)).toMatchObject({ instance: { version: 1 } });
      expect(await store().find(after.id)).not.toBeNull();
    });

    it('keeps nothing of a transaction that throws', async () => {
      const [before, during] = [sagaInstance(), sagaInstance()];
      await insert(before);
      const failing = store().transaction(async (session) => {
        await session.insert([{ instance: during, history: [], decidedAt }]);
        await session.save([{ instance: { ...before, version: 2 }, history: [{ type: 'stuck' }], decidedAt }]);
        expect((await session.lock([before.id, during.id])).instances).toHaveLength(2);
        throw new Error('crash');
      });
      await expect(failing).rejects.toThrow('crash');
      expect(await store().find(during.id)).toBeNull();
      expect(await store().find(before.id)).toMatchObject({ instance: { version: 1 }, history: [{ version: 1 }] });
    });

    it('takes part in a transaction that another has begun', async () => {
      const lost = sagaInstance();
      const failing = store().transaction(async ({ tx }) => {
        await store()
          .within(tx)
          .insert([{ instance: lost, history: [], decidedAt }]);
        throw new Error('crash');
      });
      await expect(failing).rejects.toThrow('crash');
      expect(await store().find(lost.id)).toBeNull();
    });
  });
}
