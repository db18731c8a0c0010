import { describe, expect, it } from 'vitest';
import { callerOf } from './api.ts';
import { editedAssembly, resourcesOf } from './edited-assembly.ts';
import { SseReader, type ReadingEnd } from './sse-reader.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';
import { startTarget } from './target.ts';

/** A worker hands over 8 s before its limit, the door closes its body 10 s before its own: both after three seconds here. */
const WORKER_SECONDS = 11;
const DOOR_SECONDS = 13;
/** Seven seconds at 50 a second: three workers and three bodies at the least. */
const TOKENS = 350;

describe('an answer that outlives its worker and the streams of the HTTP door', () => {
  it('reads as one text through hand-overs and bodies that close at the door’s limit', async () => {
    const cdkOut = editedAssembly((resources) => {
      for (const [id, { Properties }] of resourcesOf(resources, 'AWS::Lambda::Function')) {
        if (id.includes('Generate')) Properties.Timeout = WORKER_SECONDS;
        if (id.includes('Http')) Properties.Timeout = DOOR_SECONDS;
      }
    });
    const target = await startTarget({ cdkOut });
    try {
      const caller = callerOf(target, { apiKey: target.apiKey });
      const { assistantMessage } = await caller.send(`/tokens ${TOKENS} 50`);
      const { conversationId, id } = assistantMessage;
      const url = `${target.httpUrl}/conversations/${conversationId}/messages/${id}/events`;
      const reader = new SseReader(url, { 'x-api-key': target.apiKey });
      const endings: ReadingEnd[] = [];
      while (endings.at(-1) !== 'end' && endings.length < 30) endings.push(await reader.read());

      expect(endings.filter((ending) => ending === 'eof').length).toBeGreaterThanOrEqual(2);
      expect(reader).toMatchObject({ status: 'COMPLETE', text: countedText(TOKENS) });
      expectReceipt(reader.end, countedText(TOKENS));
      expect(reader.attempts.length).toBeGreaterThanOrEqual(3);
      expect(await caller.ended(assistantMessage)).toMatchObject({ text: countedText(TOKENS) });
    } finally {
      await target.stack.close();
    }
  });
});
