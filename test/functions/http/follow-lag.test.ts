import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AnswerWriter } from '../../../functions/http/answer-writer.ts';
import { follow } from '../../../functions/http/follow.ts';
import type { AssistantMessageItem } from '../../../protocol/items.ts';
import { propertyRuns } from '../../protocol/property-runs.ts';
import { CONVERSATION, logOf, OWNER, seededChat, sha256, streaming } from '../chat-fixture.ts';
import { MemoryTable } from '../memory-table.ts';

/** Time passes only while the follower waits: `wait` is told how long, and moves the clock. */
const clock = vi.hoisted(() => ({ wait: (_ms: number): void => undefined }));

vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => {
    clock.wait(ms);
    return Promise.resolve();
  },
}));

/** How late a follower may be (docs/decisions/0010-followers-look.md): behind the log, which is written before the publish. */
const MAX_BEHIND_MS = 500;
const chat = seededChat();
const running = streaming(chat, 'request-1:a');

/** What a follower did with an answer: START, batches and END come to the table after these pauses, in milliseconds. */
async function followed(pauses: readonly number[]) {
  let now = 0;
  const table = new MemoryTable();
  table.seed(chat.conversation, chat.message);
  const texts = pauses.slice(1, -1).map((_, index) => `w${index} `);
  const text = texts.join('');
  const ended: AssistantMessageItem = {
    ...{ ...running, status: 'COMPLETE', text },
    end: {
      ...{ reason: 'STOP', length: text.length, sha256: sha256(text), reasoningLength: 0 },
      continuable: false,
    },
  };
  const items = [running, ...logOf(running, texts), ended];
  let due = 0;
  const storedAt = pauses.map((pause) => (due += pause));
  let stored = 0;
  clock.wait = (ms) => {
    now += ms;
    for (; (storedAt[stored] ?? Infinity) <= now; stored += 1) table.seed(items[stored] ?? ended);
  };
  const behind: number[] = [];
  let seen = '';
  let isOpen = true;
  const has = () => behind.push(now - (storedAt[behind.length] ?? NaN));
  const writer: AnswerWriter = {
    get isOpen() {
      return isOpen;
    },
    room: () => Promise.resolve(),
    start: has,
    // What is whole at a look comes from the message itself, several batches in one piece.
    delta: (_message, delta) => {
      seen += delta.text;
      while (texts.slice(0, behind.length).join('').length <= seen.length && behind.length <= texts.length)
        has();
    },
    end: () => {
      has();
      isOpen = false;
    },
    close: () => (isOpen = false),
  };
  const name = { owner: OWNER, conversationId: CONVERSATION, messageId: chat.message.id };
  await follow({ table, now: () => now, settle: () => Promise.resolve() }, name, writer);
  return { behind, seen, text, calls: table.calls, tookMs: now };
}

describe('a follower', () => {
  beforeEach(() => {
    clock.wait = () => {
      throw new Error('No answer is being followed');
    };
  });

  it('writes START, each batch and END at most 500 ms after they are stored, through silences, too', async () => {
    const pause = fc.oneof(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 4_000, max: 6_000 }),
      fc.integer({ min: 5_000, max: 60_000 }),
    );
    const answers = fc.array(pause, { minLength: 2, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(answers, async (given) => {
        const { behind, seen, text } = await followed(given);

        expect(seen).toBe(text);
        expect(behind).toHaveLength(given.length);
        expect(Math.max(...behind)).toBeLessThanOrEqual(MAX_BEHIND_MS);
      }),
      propertyRuns(100),
    );
  });

  it('is at most 250 ms behind while batches come', async () => {
    const { behind } = await followed(Array.from({ length: 100 }, (_, index) => 80 + ((index * 137) % 920)));

    expect(Math.max(...behind)).toBeLessThanOrEqual(250);
  });

  it.each([
    { state: 'batches come', perMinute: 240, pauses: Array.from({ length: 122 }, () => 500) },
    { state: 'the model is silent', perMinute: 145, pauses: [1, 60_000] },
  ])('looks at most $perMinute times a minute while $state', async ({ perMinute, pauses }) => {
    const { calls, tookMs } = await followed(pauses);
    const looks = calls.filter(({ operation }) => operation === 'get').length;

    expect(tookMs).toBeGreaterThanOrEqual(60_000);
    expect(looks).toBeLessThanOrEqual((perMinute * tookMs) / 60_000 + 1);
    expect(calls.length).toBeLessThanOrEqual(3 * looks);
  });
});
