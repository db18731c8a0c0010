import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { chatOf, SDKS, textOf, type Sdk } from '../ai-sdk.ts';
import { callerOf, PLAYGROUND } from './api.ts';
import { editedAssembly, resourcesOf } from './edited-assembly.ts';
import { killWorker } from './killed-worker.ts';
import { keyOf, storedItems, withProbe } from './stored-items.ts';
import { countedText, expectReceipt, sha256 } from './streamed-answer.ts';
import { startTarget, type LocalTarget } from './target.ts';

/** A worker hands over 8 s before its limit, the door closes its body 10 s before its own: both after three seconds here. */
const WORKER_SECONDS = 11;
const DOOR_SECONDS = 13;
/** Seven seconds at 50 a second: three workers and three bodies at the least. */
const TOKENS = 350;

/** A chat of this SDK, which takes a partial answer away before it resumes. */
function open(sdk: Sdk, target: LocalTarget) {
  const id = randomUUID();
  const headers = { 'x-api-key': target.apiKey };
  const opened = chatOf(sdk, { id, api: `${target.httpUrl}/api/chat`, headers });
  const { chat, data } = opened;
  const answer = () => chat.messages.findLast(({ role }) => role === 'assistant');
  return {
    ...opened,
    id,
    answer,
    text: () => textOf(answer()),
    codes: () => data.map((part) => (part.data as { code: string }).code),
    resume: () => {
      chat.messages = chat.messages.slice(0, 1);
      return chat.resumeStream();
    },
  };
}

describe('the AI SDK', () => {
  it('is told of the door’s limit and resumes, until it has one text of several workers', async () => {
    const cdkOut = editedAssembly((resources) => {
      for (const [id, { Properties }] of resourcesOf(resources, 'AWS::Lambda::Function')) {
        if (id.includes('Generate')) Properties.Timeout = WORKER_SECONDS;
        if (id.includes('Http')) Properties.Timeout = DOOR_SECONDS;
      }
    });
    const target = await startTarget({ cdkOut });
    const readsWhole = async ([version, sdk]: (typeof SDKS)[number]) => {
      const { chat, text, answer, codes, resume } = open(sdk, target);
      await chat.sendMessage({ text: `/tokens ${TOKENS} 50` });
      for (let bodies = 1; bodies < 30 && chat.status === 'error'; bodies += 1) {
        expect(countedText(TOKENS).startsWith(text()), version).toBe(true);
        await resume();
      }
      // It may have ended right after a body did.
      if (text() === '') await chat.sendMessage();

      expect([chat.status, text()], version).toEqual(['ready', countedText(TOKENS)]);
      expect(answer()?.metadata).toMatchObject({ sha256: sha256(countedText(TOKENS)) });
      expect(codes().length, version).toBeGreaterThanOrEqual(2);
      expect(new Set(codes()), version).toEqual(new Set(['DEADLINE']));
    };
    try {
      await Promise.all(SDKS.map(readsWhole));
    } finally {
      await target.stack.close();
    }
  });

  it('learns of a worker that died over its stream, and reads what is stored', async () => {
    const target = await startTarget(withProbe);
    const loses = async ([version, sdk]: (typeof SDKS)[number]) => {
      const { chat, id, text, answer, codes, resume } = open(sdk, target);
      const sending = chat.sendMessage({ text: '/tokens 900 60' });
      await expect.poll(() => text().length).toBeGreaterThan(60);
      const message = { conversationId: id, id: answer()?.id ?? '' };
      expect(await killWorker(target, message.id)).toBe(1);
      await sending;
      expect(chat.status, version).toBe('error');
      // No need to wait for the lease itself: kill-worker.test.ts does. It ends now, and is suspect 3 s later.
      const item = keyOf(PLAYGROUND, message);
      await storedItems(target).change<AssistantMessageItem>(item, { leaseUntil: Date.now() });
      await resume();

      const state = await callerOf(target, { apiKey: target.apiKey }).ended(message);
      expect(state).toMatchObject({ status: 'INTERRUPTED', text: text() });
      expectReceipt(state.end, text());
      expect([chat.status, codes()], version).toEqual(['error', ['LOST']]);
    };
    try {
      await Promise.all(SDKS.map(loses));
    } finally {
      await target.stack.close();
    }
  });
});
