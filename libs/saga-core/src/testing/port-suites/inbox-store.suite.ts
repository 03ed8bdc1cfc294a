/** What every inbox must do, whatever it stores in. */
import { uuidv7 } from 'uuidv7';
import type { CommandIdentity } from '../../contract/routing.js';
import { DuplicateCommand, type InboxClaim, type InboxStore } from '../../participant/inbox-store.js';

const identity = (sequence = 1, sagaId = uuidv7()): CommandIdentity => ({ sagaId, sequence });
const command = (id: CommandIdentity): InboxClaim => ({ identity: id, as: 'command' });
const barred = (id: CommandIdentity): InboxClaim => ({ identity: id, as: 'barred' });
const outcome = { kind: 'success', reply: { ticketId: 't1\0' } } as const;
const answered = { type: 'answered', outcome: { kind: 'success', reply: { ticketId: 't1\uFFFD' } } };
const refusal = { kind: 'refusal', code: 'NO', message: 'no' } as const;

/** @param inbox - asked for when the tests run */
export function describeInboxStore(name: string, inbox: () => InboxStore<unknown>): void {
  const claim = (...claims: InboxClaim[]) => inbox().transaction((session) => session.claim(claims));

  describe(`${name}, as an inbox`, () => {
    it('claims once, and then knows each answer', async () => {
      const [one, two, three] = [identity(), identity(), identity()];
      await inbox().transaction(async (session) => {
        expect(await session.claim([command(two), command(one)])).toEqual([{ type: 'claimed' }, { type: 'claimed' }]);
        await session.answer([
          { identity: one, outcome },
          { identity: two, outcome: refusal },
        ]);
      });
      expect(await claim(command(three), command(two), command(one))).toEqual([
        { type: 'claimed' },
        { type: 'answered', outcome: refusal },
        answered,
      ]);
    });

    it('records answers of commands that were not claimed, with what their transaction did', async () => {
      const [one, two] = [identity(), identity()];
      await inbox().transaction((session) =>
        session.recordLast([
          { identity: one, outcome },
          { identity: two, outcome: null },
        ]),
      );
      expect(await claim(command(one), command(two))).toEqual([answered, { type: 'withheld' }]);
    });

    it.each(['claimed', 'answered', 'barred'])(
      'keeps nothing of a transaction that records a command which is %s already',
      async (state) => {
        const [known, claimed, fresh] = [identity(), identity(), identity()];
        await inbox().transaction(async (session) => {
          await session.claim([state === 'barred' ? barred(known) : command(known)]);
          if (state === 'answered') await session.answer([{ identity: known, outcome }]);
        });
        const recording = inbox().transaction(async (session) => {
          await session.claim([command(claimed)]);
          await session.recordLast([
            { identity: fresh, outcome },
            { identity: known, outcome: refusal },
          ]);
        });
        await expect(recording).rejects.toThrow(DuplicateCommand);
        const [first, ...rest] = await claim(command(known), command(claimed), command(fresh));
        expect([first!.type, ...rest.map(({ type }) => type)]).toEqual([state, 'claimed', 'claimed']);
      },
    );

    it('tells sequences and sagas apart', async () => {
      const id = identity();
      await claim(command(id));
      expect(await claim(command(identity(2, id.sagaId)), command(identity(1)))).toEqual([
        { type: 'claimed' },
        { type: 'claimed' },
      ]);
    });

    it('keeps a withheld answer apart from one not given', async () => {
      const id = identity();
      await inbox().transaction(async (session) => {
        await session.claim([command(id)]);
        await session.answer([{ identity: id, outcome: null }]);
      });
      expect(await claim(command(id))).toEqual([{ type: 'withheld' }]);
    });

    it('keeps what it was given, and not what becomes of it', async () => {
      const id = identity();
      const reply = { ticketId: 't1' };
      await inbox().transaction(async (session) => {
        await session.claim([command(id)]);
        await session.answer([{ identity: id, outcome: { kind: 'success', reply } }]);
        reply.ticketId = 't2';
      });
      expect(await claim(command(id))).toMatchObject([{ outcome: { reply: { ticketId: 't1' } } }]);
    });

    it('bars an action whose undo came first, for ever', async () => {
      const action = identity();
      const undo = identity(2, action.sagaId);
      expect(await claim(command(undo), barred(action))).toEqual([{ type: 'claimed' }, { type: 'claimed' }]);
      expect(await claim(command(action))).toEqual([{ type: 'barred' }]);
      expect(await claim(command(action))).toEqual([{ type: 'barred' }]);
    });

    it('does not bar an action that was answered', async () => {
      const action = identity();
      await inbox().transaction(async (session) => {
        await session.claim([command(action)]);
        await session.answer([{ identity: action, outcome }]);
      });
      expect(await claim(barred(action))).toEqual([answered]);
      expect(await claim(command(action))).toEqual([answered]);
    });

    it('gives a released claim to the next who asks, and one rolled back', async () => {
      const [id, other] = [identity(), identity()];
      await inbox().transaction(async (session) => {
        await session.claim([command(id), command(other)]);
        await session.answer([{ identity: other, outcome }]);
        await session.release([id]);
      });
      const failing = inbox().transaction(async (session) => {
        expect(await session.claim([command(id), command(other)])).toEqual([{ type: 'claimed' }, answered]);
        await session.answer([{ identity: id, outcome }]);
        throw new Error('crash');
      });
      await expect(failing).rejects.toThrow('crash');
      expect(await claim(command(id), command(other))).toEqual([{ type: 'claimed' }, answered]);
    });

    it('bars a released claim as one that never was', async () => {
      const id = identity();
      await inbox().transaction(async (session) => {
        await session.claim([command(id)]);
        await session.release([id]);
      });
      await claim(barred(id));
      expect(await claim(command(id))).toEqual([{ type: 'barred' }]);
    });

    it('takes back the writes of isolated work that throws, and goes on', async () => {
      const [kept, lost] = [identity(), identity()];
      await inbox().transaction(async (session) => {
        await session.claim([command(kept)]);
        const work = session.isolated(async () => {
          await session.claim([barred(lost)]);
          await session.answer([{ identity: kept, outcome: refusal }]);
          throw new Error('no');
        });
        await expect(work).rejects.toThrow('no');
        expect(await session.isolated(() => Promise.resolve('an answer'))).toBe('an answer');
        expect(await session.claim([command(lost)])).toEqual([{ type: 'claimed' }]);
        await session.answer([{ identity: kept, outcome }]);
      });
      expect(await claim(command(kept), command(lost))).toEqual([answered, { type: 'claimed' }]);
    });

    it('takes empty batches', async () => {
      await inbox().transaction(async (session) => {
        expect(await session.claim([])).toEqual([]);
        await session.answer([]);
        await session.release([]);
      });
    });

    it('lets one of many transactions handle a command; the others wait and see its answer', async () => {
      const id = identity();
      let effects = 0;
      const handle = () =>
        inbox().transaction(async (session) => {
          const [state] = await session.claim([command(id)]);
          if (state!.type !== 'claimed') return state;
          effects++;
          await session.answer([{ identity: id, outcome }]);
          return state;
        });
      const states = await Promise.all([handle(), handle(), handle()]);
      expect(effects).toBe(1);
      expect(states.map((state) => state!.type).sort()).toEqual(['answered', 'answered', 'claimed']);
    });

    it('does not deadlock over sets in opposite order', async () => {
      const ids = Array.from({ length: 5 }, () => identity());
      const claims = ids.map(command);
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          inbox().transaction(async (session) => {
            const states = await session.claim(index % 2 ? claims : [...claims].reverse());
            const mine = states.filter(({ type }) => type === 'claimed').length;
            if (mine > 0) await session.answer(ids.map((id) => ({ identity: id, outcome })));
            return mine;
          }),
        ),
      );
      expect(results.sort()).toEqual([...Array<number>(9).fill(0), 5]);
    });
  });
}
