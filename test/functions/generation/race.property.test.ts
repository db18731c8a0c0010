import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runGeneration } from '../../../functions/generation/generation.ts';
import { settle } from '../../../functions/settle/settle.ts';
import { readStoredText } from '../../../functions/table/answer-text.ts';
import type { TokenBatch } from '../../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem, GenerationEvent, LogItem } from '../../../protocol/items.ts';
import { isTerminal } from '../../../protocol/sequence.ts';
import { modelText, propertyRuns } from '../../protocol/property-runs.ts';
import {
  harness,
  runOf,
  scriptedModel,
  seededChat,
  sha256,
  STOP,
  untilAborted,
  type ScriptedModel,
} from '../chat-fixture.ts';
import { MemoryTable, type TableCall } from '../memory-table.ts';

/** Far past every lease and start-by time: settle never waits for a worker. */
const LATER = 10 * 60_000;

/** What one case is made of; text sizes reach past one batch. */
const races = fc.record({
  textA: fc.array(modelText({ minLength: 1, maxLength: 30 }), { maxLength: 6 }),
  textB: fc.array(modelText({ minLength: 1, maxLength: 30 }), { maxLength: 6 }),
  settles: fc.integer({ min: 1, max: 2 }),
  cancelAfter: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
  /** The worker that loses answers of its writes, and which of them. */
  lost: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 2 }),
  refusedPublish: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
  deadlineOfA: fc.boolean(),
});

interface Publish {
  readonly batch: TokenBatch;
  /** Items in the log when it was published. */
  readonly log: readonly LogItem[];
}

function checkLog(log: readonly LogItem[], message: AssistantMessageItem): string {
  let text = '';
  let position = 0;
  const sealed = new Set<number>();
  for (const item of log.toSorted((a, b) => (a.sk < b.sk ? -1 : 1))) {
    if (item.kind === 'SEAL') {
      sealed.add(item.attempt);
      continue;
    }
    expect(sealed, 'no batch behind a seal of its attempt').not.toContain(item.attempt);
    expect(item.offset, 'batches follow each other without hole or overlap').toBe(position);
    position += item.text.length;
    text += item.text;
    expect({ length: item.textLength, sha256: item.sha256 }).toEqual({
      length: text.length,
      sha256: sha256(text),
    });
  }
  for (const attempt of new Set(log.map((item) => item.attempt))) {
    const writers = new Set(
      log.filter((item) => item.attempt === attempt && item.kind === 'BATCH').map((item) => item.claimId),
    );
    expect(writers.size, 'one writer an attempt').toBeLessThanOrEqual(1);
  }
  expect(message.end).toMatchObject({ length: text.length, sha256: sha256(text) });
  return text;
}

describe('workers, settle and cancel that race for one answer', () => {
  it('come to one terminal state, a linear log, the right digest, and publish nothing that is not stored', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), races, async (scheduler, race) => {
        const table = new MemoryTable();
        const chat = seededChat({ now: Date.now() });
        table.seed(chat.conversation, chat.user, chat.message);
        const published: Publish[] = [];
        const publish = (batch: TokenBatch) =>
          scheduler.schedule(Promise.resolve(), `publish ${batch.kind}`).then(() => {
            published.push({ batch, log: table.all<LogItem>('L#') });
            return batch.seq !== race.refusedPublish;
          });
        const stored = () => table.all<AssistantMessageItem>(chat.message.sk)[0] as AssistantMessageItem;

        let calls = 0;
        table.before = async (call: TableCall) => {
          await scheduler.schedule(Promise.resolve(), `${call.operation} ${call.sk}`);
          calls += 1;
          if (calls === race.cancelAfter && stored().status === 'STREAMING')
            table.seed({ ...stored(), cancelRequestedAt: 'now' } as AssistantMessageItem);
        };
        let writes = 0;
        table.fate = (call) => {
          if (call.operation !== 'put' && call.operation !== 'update') return 'fine';
          writes += 1;
          return race.lost.includes(writes) ? 'lost' : 'fine';
        };

        const now = Date.now();
        const outcomes: string[] = [];
        /** Attempts that a hand-over started. */
        const continued: Promise<unknown>[] = [];
        const worker = (texts: readonly string[], claimId: string, deadlineAt: number, attempt = 1) => {
          const model: ScriptedModel = scriptedModel([
            ...texts.flatMap((text) => [() => scheduler.schedule(Promise.resolve(), 'model'), text]),
            // A deadline comes while the model writes.
            ...(deadlineAt === now ? [() => untilAborted(() => model.requests[0]?.signal)()] : []),
            STOP,
          ]);
          const { ports } = harness(table, model, {
            publish,
            invoke: (_name, event) => {
              const next = (event as GenerationEvent).attempt;
              continued.push(worker(race.textB, `request-${next}:a`, now + LATER, next));
              return Promise.resolve();
            },
          });
          // Being fenced is one of the outcomes: Lambda reports it and settle is invoked.
          return runGeneration(ports, runOf({ ...chat.message, attempt }, { claimId, deadlineAt }))
            .then((outcome) => outcomes.push(outcome))
            .catch((error: unknown) => {
              if ((error as Error).name !== 'FencedError') throw error;
              outcomes.push('fenced');
            });
        };
        const settling = () =>
          settle(
            { table, publish, clock: { now: () => Date.now() + LATER }, log: () => undefined },
            { ...runOf(stored()).event },
          );
        const work = [
          worker(race.textA, 'request-1:a', race.deadlineOfA ? now : now + LATER),
          worker(race.textB, 'request-1:b', now + LATER),
          ...Array.from({ length: race.settles }, settling),
        ];
        await scheduler.waitFor(Promise.all(work));
        await scheduler.waitFor(Promise.all(continued));
        if (!isTerminal(stored().status)) await scheduler.waitFor(settling());

        const message = stored();
        expect(isTerminal(message.status), `${message.status} is terminal`).toBe(true);
        const statuses = table.versions
          .filter(({ id }) => id.endsWith(chat.message.sk))
          .map(({ item }) => item?.status as AssistantMessageItem['status']);
        const firstEnd = statuses.findIndex(isTerminal);
        expect(new Set(statuses.slice(firstEnd)).size, 'a terminal status is never left').toBe(1);
        const log = table.all<LogItem>('L#');
        const text = checkLog(log, message);
        expect((await scheduler.waitFor(readStoredText(table, message))).text).toBe(text);
        if (message.status === 'COMPLETE' && message.attempt === 1)
          expect([race.textA.join(''), race.textB.join('')]).toContain(text);

        for (const { batch, log: then } of published) {
          if (batch.kind === 'DELTA') {
            const slot = then.find(
              (item) => item.attempt === batch.attempt && item.seq === batch.seq && item.kind === 'BATCH',
            );
            expect(slot, 'published text is in the log').toMatchObject({
              text: batch.text,
              offset: batch.offset,
            });
          }
          if (batch.kind === 'END') expect(batch).toMatchObject({ status: message.status, end: message.end });
        }
        seen.add(message.status);
        for (const outcome of outcomes) seen.add(outcome);
        if (log.some((item) => item.kind === 'SEAL')) seen.add('sealed');
        expect(published.some(({ batch }) => batch.kind === 'END')).toBe(true);
      }),
      { ...propertyRuns(150), interruptAfterTimeLimit: 15_000 },
    );
    // The property means little unless the races it is about took place.
    const wanted = [
      'COMPLETE',
      'CANCELLED',
      'INTERRUPTED',
      'terminal',
      'taken',
      'fenced',
      'handedOver',
      'sealed',
    ];
    expect([...seen]).toEqual(expect.arrayContaining(wanted));
  });
});
