import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FirstEventWriter } from '../../../functions/http/first-event.ts';
import { SseWriter } from '../../../functions/http/answer-writer.ts';
import { ChatError, errorShape } from '../../../protocol/errors.ts';
import type { Terminal } from '../../../functions/generation/stream.ts';
import { seededChat, sha256, streaming } from '../chat-fixture.ts';

const message = streaming(seededChat());
const open = () => new FirstEventWriter(new SseWriter(() => Date.now()));
const failed = new ChatError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 3_000, requestId: 'r1' });
const terminal = (error?: ChatError): Terminal => ({
  status: error ? 'FAILED' : 'COMPLETE',
  end: {
    ...{ reason: error ? 'ERROR' : 'STOP', length: 0, sha256: sha256(''), reasoningLength: 0 },
    continuable: false,
    error: error ? errorShape(error) : null,
  },
});
type Step = (writer: ReturnType<typeof open>) => void;

describe('FirstEventWriter', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each<[string, Step, string | undefined]>([
    ['the first text', (w) => w.delta(message, { part: 'TEXT', offset: 0, text: 'x' }), undefined],
    ['the first thought', (w) => w.delta(message, { part: 'REASONING', offset: 0, text: 'x' }), undefined],
    ['a good end', (w) => w.end(message, terminal()), undefined],
    ['a failure', (w) => w.end(message, terminal(failed)), 'UPSTREAM_RATE_LIMITED'],
    ['the door’s limit', (w) => w.close('DEADLINE'), 'DEADLINE'],
    ['a deletion', (w) => w.close('NOT_FOUND'), 'NOT_FOUND'],
    ['an answer that is left', (w) => w.close(), 'INTERNAL'],
  ])('waits for %s', async (_name, step, code) => {
    const writer = open();
    let seen: ChatError | undefined | 'waiting' = 'waiting';
    const failure = writer.failure().then((error) => (seen = error));
    writer.start(message);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(seen).toBe('waiting');
    step(writer);

    expect((await failure)?.code).toBe(code);
    writer.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('carries what the failure says of a repeat', async () => {
    const writer = open();
    writer.end(message, terminal(failed));

    expect(await writer.failure()).toMatchObject({ retryAfterMs: 3_000, requestId: 'r1', retryable: true });
  });

  it('waits for 10 s at most, and what fails later is the body’s to say', async () => {
    const writer = open();
    const failure = writer.failure();
    await vi.advanceTimersByTimeAsync(10_000);

    expect(await failure).toBeUndefined();
    writer.end(message, terminal(failed));
    expect(await new Response(writer.writer.body).text()).toContain('UPSTREAM_RATE_LIMITED');
  });

  it('does not take what follows the first text for its failure', async () => {
    const writer = open();
    writer.delta(message, { part: 'TEXT', offset: 0, text: 'x' });
    writer.end(message, terminal(failed));

    expect(await writer.failure()).toBeUndefined();
  });
});
