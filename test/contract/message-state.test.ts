import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InvocationReport } from '../../local/lambda/index.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { modelText, propertyRuns } from '../protocol/property-runs.ts';
import { callerOf, codeOf, type MessageName, type WireState } from './api.ts';
import { joined, logOf, putAnswer, receiptOf, textItemsOf, type Piece } from './stored-answers.ts';
import { storedItems, withProbe } from './stored-items.ts';
import { countedText, expectReceipt, sha256 } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const ended: InvocationReport[] = [];
const target = useLocalTarget({ ...withProbe, report: (report) => ended.push(report) });
/** Ended invocations that were about a message. */
const invokedFor = ({ id }: MessageName) => ended.filter(({ event }) => JSON.stringify(event).includes(id));
const caller = () => callerOf(target(), { apiKey: target().apiKey });
const MAX_PAGE_BYTES = 256 * 1024;

const state = (
  { conversationId, id: messageId }: MessageName,
  fromOffset?: number,
  fromReasoningOffset?: number,
) =>
  caller().call('state', {
    ...{ conversationId, messageId },
    ...(fromOffset === undefined ? {} : { fromOffset }),
    ...(fromReasoningOffset === undefined ? {} : { fromReasoningOffset }),
  });

/** Reads page after page from an offset pair to the end, checking the arithmetic of each. */
async function readFrom(message: MessageName, from: number, fromReasoning: number): Promise<WireState[]> {
  const pages: WireState[] = [];
  let offset = from;
  let reasoningOffset = fromReasoning;
  for (let round = 0; round < 40; round += 1) {
    const page = await state(message, offset, reasoningOffset);
    expect(page).toMatchObject({ messageId: message.id, offset, reasoningOffset });
    expect(Buffer.byteLength(page.text + page.reasoning)).toBeLessThanOrEqual(MAX_PAGE_BYTES);
    expect(page.text.isWellFormed() && page.reasoning.isWellFormed()).toBe(true);
    pages.push(page);
    if (!page.more) return pages;
    expect(page.end).toBeNull();
    expect(page.text.length + page.reasoning.length).toBeGreaterThan(0);
    offset += page.text.length;
    reasoningOffset += page.reasoning.length;
  }
  throw new Error('More than forty pages');
}

const textOf = (pages: readonly WireState[]) => pages.map(({ text }) => text).join('');
const reasoningOf = (pages: readonly WireState[]) => pages.map(({ reasoning }) => reasoning).join('');

/** The offset itself, or the one before when it lies inside a surrogate pair: no batch ends there. */
function between(text: string, offset: number): number {
  const unit = text.charCodeAt(offset);
  return unit >= 0xdc00 && unit <= 0xdfff ? offset - 1 : offset;
}

describe('messageState', () => {
  it.each(['PENDING', 'STREAMING', 'COMPLETE', 'CANCELLED', 'FAILED', 'INTERRUPTED'] as const)(
    'answers %s as it is stored, whatever time has passed',
    async (status) => {
      const isOpen = status === 'PENDING' || status === 'STREAMING';
      const text = isOpen ? '' : 'kept';
      const message = await putAnswer(storedItems(target()), {
        ...{
          status,
          text,
          end: isOpen ? null : receiptOf(text),
          leaseUntil: isOpen ? Date.now() + 60_000 : 0,
        },
      });
      const answer = await state(message);
      expect(answer).toMatchObject({
        ...{ messageId: message.id, status, attempt: 1, text, reasoning: '', offset: 0, reasoningOffset: 0 },
        ...{ resumeOffset: 0, resumeReasoningOffset: 0, throughSeq: -1, more: false },
      });
      if (isOpen) expect(answer.end).toBeNull();
      else expectReceipt(answer.end, text);
    },
  );

  it('answers a user message', async () => {
    const { userMessage } = await caller().send('/echo question');
    expect(await state(userMessage, 6)).toMatchObject({
      ...{ status: 'COMPLETE', text: 'question', offset: 6, throughSeq: -1, more: false, end: null },
    });
  });

  it('is NOT_FOUND for what does not exist and INVALID_INPUT for offsets that cannot be', async () => {
    const { conversationId, id: messageId } = await putAnswer(storedItems(target()), {});
    const refused = async (variables: object) =>
      codeOf(await caller().refusal('state', { conversationId, messageId, ...variables }));
    expect(await refused({ messageId: 'absent' })).toBe('NOT_FOUND');
    expect(await refused({ conversationId: 'absent' })).toBe('NOT_FOUND');
    for (const offset of [-1, 1_000_000_000]) {
      expect(await refused({ fromOffset: offset })).toBe('INVALID_INPUT');
      expect(await refused({ fromReasoningOffset: offset })).toBe('INVALID_INPUT');
    }
  });

  it('has nothing behind the end, and still the receipt', async () => {
    const message = await putAnswer(storedItems(target()), {
      ...{ status: 'COMPLETE', text: 'abc', end: receiptOf('abc') },
    });
    for (const from of [3, 4, 999_999_999]) {
      const page = await state(message, from);
      expect(page).toMatchObject({ text: '', offset: from, more: false });
      expectReceipt(page.end, 'abc');
    }
  });

  it('reassembles a long answer from any offset, page by page', async () => {
    // Pairs at odd and even offsets: every limit on the way would cut one if it could.
    const text = `${'😀'.repeat(40_000)}x${'字😀'.repeat(50_000)}${'é'.repeat(70_000)}`;
    const reasoning = `y${'𝒳'.repeat(45_000)}`;
    expect(text.length).toBeGreaterThan(300_000);
    const items = storedItems(target());
    const message = await putAnswer(items, {
      ...{ status: 'COMPLETE', text: text.slice(0, 8_000), reasoning: reasoning.slice(0, 8_001) },
      ...{ textAttempt: 1, end: receiptOf(text, reasoning) },
    });
    await items.put(...textItemsOf(message, 'TEXT', text), ...textItemsOf(message, 'REASONING', reasoning));
    const offsets = fc.oneof(
      fc.integer({ min: 0, max: text.length }),
      fc.constantFrom(0, 8_000, 65_535, 65_536, 65_537, 80_000, 131_072, text.length - 1, text.length),
    );
    const reasoningOffsets = fc.oneof(
      fc.integer({ min: 0, max: reasoning.length }),
      fc.constant(reasoning.length),
    );
    await fc.assert(
      fc.asyncProperty(offsets, reasoningOffsets, async (anyOffset, anyReasoningOffset) => {
        const from = between(text, anyOffset);
        const fromReasoning = between(reasoning, anyReasoningOffset);
        const pages = await readFrom(message, from, fromReasoning);
        expect(textOf(pages) === text.slice(from)).toBe(true);
        expect(reasoningOf(pages) === reasoning.slice(fromReasoning)).toBe(true);
        expectReceipt(pages.at(-1)?.end, text);
      }),
      { ...propertyRuns(25), endOnFailure: true },
    );
  });

  it('reads an open answer with earlier attempts, seals and both parts from any point of its log', async () => {
    const items = storedItems(target());
    const piece: fc.Arbitrary<Piece> = fc.record({
      part: fc.constantFrom('TEXT' as const, 'REASONING' as const),
      text: modelText({ minLength: 1, maxLength: 40 }),
    });
    const pieces = fc.array(piece, { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(pieces, pieces, pieces, async (first, second, third) => {
        const before = joined(first);
        const stored = joined([...first, ...second]);
        const whole = joined([...first, ...second, ...third]);
        const message = await putAnswer(items, {
          ...{ status: 'STREAMING', claimId: 'worker:1', leaseUntil: Date.now() + 60_000, attempt: 3 },
          ...{ text: stored.text, reasoning: stored.reasoning, sha256: sha256(stored.text) },
          ...{ resumeOffset: stored.text.length, resumeReasoningOffset: stored.reasoning.length },
        });
        const log = logOf(message, third);
        await items.put(
          ...logOf({ ...message, attempt: 1, resumeOffset: 0, resumeReasoningOffset: 0 }, first, true),
          ...logOf(
            {
              ...message,
              ...{
                attempt: 2,
                resumeOffset: before.text.length,
                resumeReasoningOffset: before.reasoning.length,
              },
            },
            second,
            true,
          ),
          ...log,
        );
        const points = [
          { text: 0, reasoning: 0 },
          { text: before.text.length, reasoning: before.reasoning.length },
          { text: stored.text.length, reasoning: stored.reasoning.length },
          ...log.map((item) => ({ text: item.textLength, reasoning: item.reasoningLength })),
        ];
        for (const point of points) {
          const pages = await readFrom(message, point.text, point.reasoning);
          expect(textOf(pages)).toBe(whole.text.slice(point.text));
          expect(reasoningOf(pages)).toBe(whole.reasoning.slice(point.reasoning));
          expect(pages.at(-1)).toMatchObject({
            ...{
              attempt: 3,
              resumeOffset: stored.text.length,
              resumeReasoningOffset: stored.reasoning.length,
            },
            ...{ throughSeq: third.length > 0 ? third.length : -1, end: null },
          });
        }
      }),
      { ...propertyRuns(12), endOnFailure: true },
    );
  });

  it('begins inside a batch', async () => {
    const items = storedItems(target());
    const message = await putAnswer(items, { status: 'STREAMING', leaseUntil: Date.now() + 60_000 });
    await items.put(
      ...logOf(
        message,
        ['abc', 'def', 'ghi'].map((text): Piece => ({ part: 'TEXT', text })),
      ),
    );
    for (let from = 0; from <= 12; from += 1)
      expect(await state(message, from)).toMatchObject({ text: 'abcdefghi'.slice(from), throughSeq: 3 });
  });

  it('pages through a log of more batches than one query reads, and through more text than a page holds', async () => {
    const items = storedItems(target());
    const open = { status: 'STREAMING', leaseUntil: Date.now() + 60_000 } as const;
    const many = await putAnswer(items, open);
    const words = Array.from({ length: 900 }, (_, index): Piece => ({ part: 'TEXT', text: `w${index} ` }));
    await items.put(...logOf(many, words));
    const first = await state(many);
    expect(first).toMatchObject({ more: true, throughSeq: 800 });
    const pages = await readFrom(many, 0, 0);
    expect(pages).toHaveLength(2);
    expect(textOf(pages)).toBe(joined(words).text);
    expect(pages.at(-1)?.throughSeq).toBe(900);

    const long = await putAnswer(items, open);
    const batches = Array.from({ length: 150 }, (_, index): Piece => ({
      part: index % 10 === 0 ? 'REASONING' : 'TEXT',
      text: '😀字'.repeat(500),
    }));
    await items.put(...logOf(long, batches));
    const longPages = await readFrom(long, 0, 0);
    expect(longPages.length).toBeGreaterThan(2);
    expect(textOf(longPages) === joined(batches).text).toBe(true);
    expect(reasoningOf(longPages) === joined(batches).reasoning).toBe(true);
    expect(longPages.at(-1)?.throughSeq).toBe(150);
  });

  it('follows a running answer to the exact text', async () => {
    const { assistantMessage } = await caller().send('/tokens 4000 4000');
    let text = '';
    let last: WireState | undefined;
    const seqs: number[] = [];
    for (let reads = 0; reads < 2_000 && !last?.end; reads += 1) {
      last = await state(assistantMessage, text.length);
      text += last.text;
      if (last.throughSeq >= 0) seqs.push(last.throughSeq);
    }
    expect(text).toBe(countedText(4_000));
    expectReceipt(last?.end, text);
    expect(new Set(seqs).size).toBeGreaterThan(1);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  });
});

describe('messageState of an answer nobody works on', () => {
  it('answers what is stored and starts settle, which ends it LOST with all that was logged', async () => {
    const items = storedItems(target());
    const message = await putAnswer(items, {
      ...{ status: 'STREAMING', claimId: 'dead:1', leaseUntil: Date.now() - 3_500 },
    });
    const pieces = ['Some ', 'words 😀', ' and more'].map((text): Piece => ({ part: 'TEXT', text }));
    const { text } = joined(pieces);
    const log = logOf(message, pieces).map((item) => ({
      ...item,
      sha256: sha256(text.slice(0, item.textLength)),
    }));
    await items.put(...log);
    expect(await state(message)).toMatchObject({ status: 'STREAMING', text, end: null });
    const ended = await caller().ended(message);
    expect(ended).toMatchObject({ status: 'INTERRUPTED', text, end: { reason: 'LOST', continuable: true } });
    expect(ended.end?.error).toMatchObject({ code: 'LOST' });
    expectReceipt(ended.end, text);
  });

  it('ends a PENDING one that nobody claimed in time', async () => {
    const message = await putAnswer(storedItems(target()), { leaseUntil: Date.now() - 3_500 });
    expect(await state(message)).toMatchObject({ status: 'PENDING', end: null });
    expect(await caller().ended(message)).toMatchObject({ status: 'INTERRUPTED', end: { reason: 'LOST' } });
  });

  it('leaves one alone whose lease is less than 3 s past', async () => {
    const items = storedItems(target());
    const suspect = { status: 'STREAMING', claimId: 'slow:1' } as const;
    const dead = await putAnswer(items, { ...suspect, leaseUntil: Date.now() - 3_500 });
    const alive = await putAnswer(items, { ...suspect, leaseUntil: Date.now() - 1 });
    await state(alive);
    await state(dead);
    // Whatever the first read started began before what the second one did, and settle has less to do for it.
    await expect.poll(() => invokedFor(dead).length, { timeout: 10_000 }).toBe(1);
    expect(invokedFor(alive)).toEqual([]);
    expect(await items.get<AssistantMessageItem>(alive)).toEqual(alive);
  });
});
