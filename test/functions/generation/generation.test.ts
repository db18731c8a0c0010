import { describe, expect, it, vi } from 'vitest';
import { runGeneration } from '../../../functions/generation/generation.ts';
import { ChatError } from '../../../protocol/errors.ts';
import type { LogItem, TextItem } from '../../../protocol/items.ts';
import { recordingPublisher, runOf, scriptedModel, sha256, STOP } from '../chat-fixture.ts';
import { kinds, USAGE, world } from './generation-world.ts';

describe('a generation', () => {
  it('ends COMPLETE with the text, its length and its digest on every side', async () => {
    const { ports, chat, stored, published, logged, table } = world([
      'Grüße',
      ' ',
      'aus 😀',
      STOP,
      { kind: 'usage', usage: USAGE },
    ]);

    expect(await runGeneration(ports, runOf(chat.message))).toBe('terminal');

    const text = 'Grüße aus 😀';
    const end = {
      reason: 'STOP',
      length: text.length,
      sha256: sha256(text),
      reasoningLength: 0,
      continuable: false,
      usage: USAGE,
      error: null,
      model: 'scripted',
    };
    expect(stored()).toMatchObject({
      status: 'COMPLETE',
      attempt: 1,
      text,
      textAttempt: null,
      model: 'scripted',
      end,
    });
    expect(logged()).toBe(text);
    expect(published[0]).toMatchObject({
      kind: 'START',
      seq: 0,
      offset: 0,
      text: '',
      status: 'STREAMING',
      end: null,
    });
    expect(published.at(-1)).toMatchObject({
      kind: 'END',
      seq: published.length - 1,
      offset: text.length,
      status: 'COMPLETE',
      end,
    });
    expect(
      published
        .filter((batch) => batch.kind === 'DELTA')
        .map((batch) => batch.text)
        .join(''),
    ).toBe(text);
    expect(published.map((batch) => batch.seq)).toEqual(published.map((_, index) => index));
    expect(stored()?.end).toEqual(published.at(-1)?.end);
    expect(stored()?.end?.timing?.startedAt).toBe(stored()?.startedAt);
    expect(table.all<LogItem>('L#').every((item) => item.claimId === 'request-1:a')).toBe(true);
  });

  it('estimates usage when the provider says nothing', async () => {
    const { ports, chat, stored } = world(['abcdefgh', STOP]);
    await runGeneration(ports, runOf(chat.message));

    expect(stored()?.end?.usage).toMatchObject({ source: 'ESTIMATED', inputTokens: 6, outputTokens: 2 });
  });

  it('is COMPLETE when the model breaks after its finish reason', async () => {
    const { ports, chat, stored } = world(['whole', STOP, new Error('reset')]);
    await runGeneration(ports, runOf(chat.message));

    expect(stored()).toMatchObject({
      status: 'COMPLETE',
      text: 'whole',
      end: { usage: { source: 'ESTIMATED' } },
    });
  });

  it('is FAILED with UPSTREAM_TRUNCATED when the stream ends without a finish reason, and keeps the text', async () => {
    const { ports, chat, stored, published } = world(['part']);
    await runGeneration(ports, runOf(chat.message));

    const end = {
      reason: 'ERROR',
      length: 4,
      sha256: sha256('part'),
      error: { code: 'UPSTREAM_TRUNCATED', requestId: 'request-1' },
    };
    expect(stored()).toMatchObject({ status: 'FAILED', text: 'part', end });
    expect(published.at(-1)).toMatchObject({ kind: 'END', status: 'FAILED', end });
  });

  it.each([
    [
      'its code',
      new ChatError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 9_000, cause: new Error('key sk-1') }),
      'UPSTREAM_RATE_LIMITED',
      9_000,
    ],
    ['INTERNAL for what it does not know', new Error('key sk-1'), 'INTERNAL', null],
  ])('is FAILED with %s, and no internal text leaves', async (_name, error, code, retryAfterMs) => {
    const { ports, chat, stored, published } = world(['part', error]);
    await runGeneration(ports, runOf(chat.message));

    expect(stored()).toMatchObject({ status: 'FAILED', end: { error: { code, retryAfterMs } } });
    expect(JSON.stringify([stored(), published])).not.toContain('sk-1');
  });

  it('stores an empty answer without a log', async () => {
    const { ports, chat, stored, published, logged } = world([STOP]);
    await runGeneration(ports, runOf(chat.message));

    expect(stored()).toMatchObject({ status: 'COMPLETE', text: '', end: { length: 0, sha256: sha256('') } });
    expect(logged()).toBe('');
    expect(kinds(published)).toEqual(['START', 'END']);
  });

  it('joins surrogate pairs that deltas split and replaces lone halves', async () => {
    const { ports, chat, stored, published } = world(['a\ud83d', '\ude00b', '\udc00', 'c\ud83d', STOP]);
    await runGeneration(ports, runOf(chat.message));

    const text = 'a😀b\ufffdc\ufffd';
    expect(stored()).toMatchObject({ text, end: { length: text.length, sha256: sha256(text) } });
    for (const batch of published) expect(batch.text.isWellFormed()).toBe(true);
  });

  it('keeps reasoning apart from the text', async () => {
    const { ports, chat, stored, published } = world([
      { kind: 'delta', part: 'REASONING', text: 'think ' },
      { kind: 'delta', part: 'REASONING', text: 'hard' },
      'answer',
      STOP,
    ]);
    await runGeneration(ports, runOf(chat.message));

    expect(stored()).toMatchObject({
      text: 'answer',
      reasoning: 'think hard',
      end: { length: 6, reasoningLength: 10, sha256: sha256('answer') },
    });
    const reasoning = published.filter((batch) => batch.part === 'REASONING');
    expect(reasoning.map((batch) => batch.text).join('')).toBe('think hard');
    expect(published.at(-1)).toMatchObject({ kind: 'END', part: 'TEXT', offset: 6 });
  });

  it.each([
    ['33 KB in one text item', 'é'.repeat(17_000), 1],
    ['300 KB in several', 'x😀'.repeat(60_000), 3],
  ])('puts a text of %s before the terminal write', async (_name, text, count) => {
    const { ports, chat, stored, table } = world([text, STOP]);
    await runGeneration(ports, runOf(chat.message));

    const items = table.all<TextItem>('T#');
    expect(items.map((item) => item.text).join('')).toBe(text);
    expect(items).toHaveLength(count);
    for (const item of items) {
      expect(Buffer.byteLength(item.text)).toBeLessThanOrEqual(262_144);
      expect(item.text.isWellFormed()).toBe(true);
      expect(item).not.toHaveProperty('ttl');
    }
    const inline = stored()?.text ?? '';
    expect(text.startsWith(inline)).toBe(true);
    expect(Buffer.byteLength(inline)).toBeLessThanOrEqual(32_768);
    expect(stored()).toMatchObject({
      status: 'COMPLETE',
      textAttempt: 1,
      end: { length: text.length, sha256: sha256(text) },
    });
    const written = table.versions.map(({ item }) => item);
    const terminal = written.findIndex((item) => item?.status === 'COMPLETE' && item.role === 'ASSISTANT');
    expect(written.findLastIndex((item) => item?.sk.startsWith('T#'))).toBeLessThan(terminal);
  });

  it('does not reach a model for an attempt that somebody else has', async () => {
    const model = scriptedModel(['never']);
    const { ports, chat, published } = world(model, {
      message: { status: 'STREAMING', claimId: 'request-2:b' },
    });

    expect(await runGeneration(ports, runOf(chat.message))).toBe('taken');
    expect(model.requests).toEqual([]);
    expect(published).toEqual([]);
  });

  it('completes although every publish fails', async () => {
    const publisher = recordingPublisher(() => true);
    const { ports, chat, stored, logged } = world(['a', 'b', STOP], {
      ports: { publish: publisher.publish },
    });
    await runGeneration(ports, runOf(chat.message));

    expect(logged()).toBe('ab');
    expect(stored()).toMatchObject({ status: 'COMPLETE', text: 'ab' });
    expect(stored()?.end?.transport?.publishFailures).toBeGreaterThan(0);
  });

  it('does not wait for publishes before the terminal write, but before it ends', async () => {
    const released = Promise.withResolvers<boolean>();
    const { ports, chat, stored } = world(['a', STOP], { ports: { publish: () => released.promise } });
    let isOver = false;
    const run = runGeneration(ports, runOf(chat.message)).then(() => (isOver = true));
    await vi.waitFor(() => expect(stored()?.status).toBe('COMPLETE'));
    expect(isOver).toBe(false);
    released.resolve(true);
    await run;
  });

  it('recognises its own terminal write when the answer was lost', async () => {
    const { ports, chat, stored, table, published } = world(['a', STOP]);
    let lost = 0;
    table.fate = (call) => {
      if (call.operation !== 'update' || stored()?.status !== 'STREAMING' || lost > 0) return 'fine';
      lost += 1;
      return 'lost';
    };

    expect(await runGeneration(ports, runOf(chat.message))).toBe('terminal');
    expect(lost).toBe(1);
    expect(kinds(published).at(-1)).toBe('END');
  });
});
