import { describe, expect, it } from 'vitest';
import { keptSends } from '../../client/index.ts';
import { sharedStorage } from './shared-storage.ts';

const DAY_MS = 24 * 3_600_000;
const first = { clientMessageId: 'm1', text: 'one', parentId: 'p', model: 'small' };
const second = { clientMessageId: 'm2', text: 'two' };

function kept(options: { user?: string | undefined; storage?: Storage; now?: () => number } = {}) {
  const { storage = sharedStorage(), now = () => 1_000 } = options;
  const user = 'user' in options ? options.user : 'http://service alice';
  return keptSends(
    () => Promise.resolve(user),
    () => storage,
    now,
  );
}

describe('kept sends', () => {
  it('are the same in every tab and after a reload, oldest first, each once', async () => {
    const storage = sharedStorage();
    const tab = kept({ storage });
    for (const send of [first, second, { ...first, text: 'later' }]) await tab.keep('c1', send);

    expect(await kept({ storage }).list('c1')).toEqual([first, second]);
    expect(await kept({ storage }).list('c')).toEqual([]);
  });

  it('are gone once forgotten, and only they', async () => {
    const storage = sharedStorage();
    storage.setItem('theme', 'dark');
    const tab = kept({ storage });
    await tab.keep('c1', first);
    await tab.keep('c1', second);
    await tab.forget('c1', 'm1');
    expect(await tab.list('c1')).toEqual([second]);

    await tab.forget('c1', 'm2');

    expect(Object.keys(storage)).toEqual(['theme']);
  });

  it('are seen and cleared by their own user alone', async () => {
    const storage = sharedStorage();
    const [alice, bob] = [kept({ storage }), kept({ storage, user: 'http://service alice:b' })];
    await alice.keep('c1', first);
    await bob.keep('c1', second);
    expect(await alice.list('c1')).toEqual([first]);
    expect(await bob.list('c1')).toEqual([second]);

    await alice.clear();

    expect(await alice.list('c1')).toEqual([]);
    expect(await bob.list('c1')).toEqual([second]);
  });

  it('are none without a user, and where storage is switched off, full, or holds something else', async () => {
    const storage = sharedStorage();
    await kept({ storage, user: undefined }).keep('c1', first);
    expect(Object.keys(storage)).toEqual([]);
    const broken = keptSends(
      () => Promise.resolve('alice'),
      () => {
        throw new DOMException('denied', 'SecurityError');
      },
    );
    await broken.keep('c1', first);
    await broken.forget('c1', 'm1');
    await broken.clear();
    expect(await broken.list('c1')).toEqual([]);
    const full = sharedStorage();
    full.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    await kept({ storage: full }).keep('c1', first);
    const nobody = keptSends(() => Promise.reject(new Error('no token')));
    expect(await nobody.list('c1')).toEqual([]);

    const prefix = `appsync-chat:unsent:${encodeURIComponent('http://service alice')}:c1:`;
    for (const [id, value] of Object.entries({ a: '{', b: 'null', c: '{"at":1,"send":{}}', d: '{"at":1}' }))
      storage.setItem(`${prefix}${id}`, value);
    expect(await kept({ storage }).list('c1')).toEqual([]);
    expect(Object.keys(storage)).toEqual([]);
  });

  it('are dropped after a week, and are 50 at most', async () => {
    const storage = sharedStorage();
    let now = 0;
    const tab = kept({ storage, now: () => now });
    for (let index = 0; index < 51; index += 1)
      await tab.keep('c1', { clientMessageId: `m${index}`, text: `${index}` });
    expect((await tab.list('c1')).map(({ text }) => text)).toEqual(
      Array.from({ length: 50 }, (_, at) => `${at}`),
    );

    now = 7 * DAY_MS + 100;

    expect(await tab.list('c1')).toEqual([]);
    expect(Object.keys(storage)).toEqual([]);
  });
});
