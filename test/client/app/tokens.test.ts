import { describe, expect, it } from 'vitest';
import { createTokenSource, lifetimeMs, requestToken } from '../../../client/app/tokens.ts';

/** A token with a lifetime; nobody verifies it here. */
function token(name: string, seconds: number): string {
  const claims = { sub: name, iat: 1_000, exp: 1_000 + seconds };
  return `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;
}

/** A source over numbered tokens of one lifetime, with a clock that is set by hand. */
function source(seconds: number) {
  const state = { now: 0, asked: 0 };
  const get = createTokenSource(
    () => Promise.resolve(token(`t${(state.asked += 1)}`, seconds)),
    () => state.now,
  );
  return { state, get };
}

describe('a token', () => {
  it('tells its lifetime', () => {
    expect(lifetimeMs(token('ä~?', 3_600))).toBe(3_600_000);
    expect(lifetimeMs('rubbish')).toBeUndefined();
    expect(lifetimeMs('')).toBeUndefined();
  });

  it('is kept until a minute before it expires', async () => {
    const { state, get } = source(3_600);
    const first = await get();
    state.now = 3_539_999;
    expect(await get()).toBe(first);
    state.now = 3_540_000;
    expect(await get()).not.toBe(first);
    expect(state.asked).toBe(2);
  });

  it('that lives shortly is kept for nine tenths of its life', async () => {
    const { state, get } = source(5);
    await get();
    state.now = 4_499;
    await get();
    expect(state.asked).toBe(1);
    state.now = 4_500;
    await get();
    expect(state.asked).toBe(2);
  });

  it('that was refused is not given again', async () => {
    const { state, get } = source(3_600);
    const first = await get();
    const second = await get(first);
    expect(second).not.toBe(first);
    expect(await get(first)).toBe(second);
    expect(state.asked).toBe(2);
  });

  it('is asked for once by callers that come together', async () => {
    const { state, get } = source(3_600);
    await Promise.all([get(), get(), get()]);
    expect(state.asked).toBe(1);
  });

  it('is asked for again after a failure', async () => {
    let calls = 0;
    const get = createTokenSource(
      () => ((calls += 1) === 1 ? Promise.reject(new Error('down')) : Promise.resolve('t')),
      () => 0,
    );
    await expect(get()).rejects.toThrow('down');
    expect(await get()).toBe('t');
  });
});

describe('asking the issuer', () => {
  const ask = (answer: () => Response | Promise<Response>) =>
    requestToken(() => Promise.resolve().then(answer), 'http://127.0.0.1/local/token', 'alice');

  it('gives the token', async () => {
    expect(await ask(() => Response.json({ token: 'abc' }))).toBe('abc');
  });

  it.each([
    ['a refusal', () => Response.json({ error: 'no' }, { status: 400 })],
    ['rubbish', () => new Response('<html>')],
    ['an empty token', () => Response.json({ token: '' })],
  ])('is refused sign-in for %s', async (_name, answer) => {
    await expect(ask(answer)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.each([
    ['no network', () => Promise.reject(new TypeError('fetch failed'))],
    ['a service that is starting', () => new Response('', { status: 503 })],
  ])('is no refusal for %s', async (_name, answer) => {
    await expect(ask(answer)).rejects.toMatchObject({ code: 'NETWORK', retryable: true });
  });
});
