import { describe, expect, it, vi } from 'vitest';
import { runGeneration } from '../../../functions/generation/generation.ts';
import { CONTINUE_INSTRUCTION } from '../../../protocol/continue-instruction.ts';
import type { AssistantMessageItem } from '../../../protocol/items.ts';
import { runOf, scriptedModel, sha256, STOP, untilAborted } from '../chat-fixture.ts';
import { kinds, world } from './generation-world.ts';

describe('a generation', () => {
  describe('at its deadline', () => {
    const stopped = (text: string) =>
      scriptedModel((request) =>
        request === 1 ? [text, untilAborted(() => models.at(-1)?.requests[0]?.signal)] : [' the end', STOP],
      );
    const models: ReturnType<typeof scriptedModel>[] = [];
    const stoppedModel = (text: string) => {
      models.push(stopped(text));
      return models.at(-1) as ReturnType<typeof scriptedModel>;
    };

    it('hands over to the next attempt, which continues the same text', async () => {
      const model = stoppedModel('once upon');
      const { ports, chat, stored, published, invoked, logged } = world(model);
      const outcome = await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }));

      expect(outcome).toBe('handedOver');
      const next = stored() as AssistantMessageItem;
      expect(next).toMatchObject({
        status: 'PENDING',
        attempt: 2,
        handovers: 1,
        text: 'once upon',
        resumeOffset: 9,
        resumeReasoningOffset: 0,
        sha256: sha256('once upon'),
        end: null,
        usage: { source: 'ESTIMATED' },
      });
      expect(next).not.toHaveProperty('claimId');
      expect(next.leaseUntil).toBeGreaterThan(Date.now() + 58_000);
      const { owner, conversationId, id: messageId } = chat.message;
      expect(invoked).toEqual([
        { functionName: 'generate', event: { owner, conversationId, messageId, attempt: 2 } },
      ]);
      expect(kinds(published)).toEqual(['START', 'DELTA']);

      const before = published.length;
      expect(
        await runGeneration(ports, runOf(next, { claimId: 'request-2:a', requestId: 'request-2' })),
      ).toBe('terminal');
      const text = 'once upon the end';
      expect(model.requests[1]?.messages.slice(-2)).toEqual([
        { role: 'assistant', content: 'once upon' },
        { role: 'user', content: CONTINUE_INSTRUCTION },
      ]);
      expect(published[before]).toMatchObject({
        kind: 'START',
        attempt: 2,
        seq: 0,
        offset: 9,
        resumeOffset: 9,
      });
      expect(published[before + 1]).toMatchObject({
        kind: 'DELTA',
        attempt: 2,
        seq: 1,
        offset: 9,
        text: ' the end',
      });
      expect(stored()).toMatchObject({
        status: 'COMPLETE',
        attempt: 2,
        text,
        end: { length: text.length, sha256: sha256(text) },
      });
      expect(logged()).toBe(text);
      const used = stored()?.end?.usage;
      expect(used?.inputTokens).toBeGreaterThan(next.usage?.inputTokens ?? 0);
    });

    it('hands a long text over in text items', async () => {
      const long = 'word '.repeat(20_000);
      const { ports, chat, stored } = world(stoppedModel(long));
      await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 150 }));
      expect(stored()).toMatchObject({ attempt: 2, textAttempt: 1, resumeOffset: long.length });

      await runGeneration(ports, runOf(stored() as AssistantMessageItem, { claimId: 'request-2:a' }));
      const text = `${long} the end`;
      expect(stored()).toMatchObject({
        status: 'COMPLETE',
        textAttempt: 2,
        end: { length: text.length, sha256: sha256(text) },
      });
    });

    it('publishes what was logged before it leaves', async () => {
      const publishing: (() => void)[] = [];
      const { ports, chat, stored } = world(stoppedModel('text'), {
        ports: {
          publish: (batch) =>
            new Promise((resolve) => publishing.push(() => (sent.push(batch.kind), resolve(true)))),
        },
      });
      const sent: string[] = [];
      const run = runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }));
      await vi.waitFor(() => expect(stored()?.attempt).toBe(2));
      publishing.shift()?.();
      await vi.waitFor(() => expect(publishing).toHaveLength(1));
      publishing.shift()?.();

      expect(await run).toBe('handedOver');
      expect(sent).toEqual(['START', 'DELTA']);
    });

    it('that is already past hands over without asking the model', async () => {
      const model = scriptedModel(['never', STOP]);
      const { ports, chat, stored, table } = world(model);
      table.before = () => new Promise((resolve) => setTimeout(resolve, 3));
      const outcome = await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() - 5_000 }));

      expect(outcome).toBe('handedOver');
      expect(model.requests).toEqual([]);
      expect(stored()).toMatchObject({ status: 'PENDING', attempt: 2, text: '' });
    });

    it('ends INTERRUPTED and continuable when no hand-over is left', async () => {
      const { ports, chat, stored, published, invoked } = world(stoppedModel('part'), {
        message: { handovers: 12 },
      });
      await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }));

      const end = {
        reason: 'DEADLINE',
        continuable: true,
        length: 4,
        sha256: sha256('part'),
        error: { code: 'DEADLINE' },
      };
      expect(stored()).toMatchObject({ status: 'INTERRUPTED', attempt: 1, text: 'part', end });
      expect(published.at(-1)).toMatchObject({ kind: 'END', status: 'INTERRUPTED', end });
      expect(invoked).toEqual([]);
    });

    it.each([
      ['the hand-over', 0],
      ['the end when no hand-over is left', 12],
    ])('is CANCELLED when the flag came before %s', async (_name, handovers) => {
      const { ports, chat, stored, change, table } = world(stoppedModel('part'), { message: { handovers } });
      const requestedAt = new Date().toISOString();
      table.before = ({ operation }) => {
        if (operation === 'update' && stored()?.status === 'STREAMING')
          change({ cancelRequestedAt: requestedAt });
        return Promise.resolve();
      };
      await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }));

      expect(stored()).toMatchObject({
        ...{ status: 'CANCELLED', attempt: 1, text: 'part' },
        end: { cancel: { requestedAt } },
      });
    });

    describe('when the invocation fails', () => {
      const invoke = () => Promise.reject(new Error('throttled'));

      it('ends the next attempt itself while nobody has claimed it', async () => {
        const { ports, chat, stored, published } = world(stoppedModel('part'), { ports: { invoke } });

        expect(await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }))).toBe(
          'terminal',
        );
        const end = {
          reason: 'DEADLINE',
          continuable: true,
          length: 4,
          sha256: sha256('part'),
          error: { code: 'DEADLINE' },
        };
        expect(stored()).toMatchObject({ status: 'INTERRUPTED', attempt: 2, text: 'part', end });
        expect(published.at(-1)).toMatchObject({ kind: 'END', status: 'INTERRUPTED', end });
      });

      it('publishes END also when the answer to that write was lost', async () => {
        const { ports, chat, stored, published, table } = world(stoppedModel('part'), { ports: { invoke } });
        let lost = 0;
        table.fate = (call) =>
          call.operation === 'update' && stored()?.attempt === 2 && (lost += 1) === 1 ? 'lost' : 'fine';

        expect(await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }))).toBe(
          'terminal',
        );
        expect(kinds(published).at(-1)).toBe('END');
      });

      it('leaves it to whoever claimed it meanwhile', async () => {
        const { ports, chat, stored, published, change } = world(stoppedModel('part'), {
          ports: {
            invoke: () => {
              change({ status: 'STREAMING', claimId: 'request-2:a' });
              return Promise.reject(new Error('answered too late'));
            },
          },
        });

        expect(await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }))).toBe(
          'handedOver',
        );
        expect(stored()).toMatchObject({ status: 'STREAMING', attempt: 2, claimId: 'request-2:a' });
        expect(kinds(published)).not.toContain('END');
      });
    });
  });
});
