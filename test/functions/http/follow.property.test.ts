import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SseWriter } from '../../../functions/http/answer-writer.ts';
import { readCursor } from '../../../functions/http/cursor.ts';
import { follow } from '../../../functions/http/follow.ts';
import type { TokenBatch } from '../../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem, LogItem } from '../../../protocol/items.ts';
import { logSlot } from '../../../protocol/keys.ts';
import { modelText, propertyRuns } from '../../protocol/property-runs.ts';
import { CONVERSATION, OWNER, seededChat, sha256, streaming } from '../chat-fixture.ts';
import { MemoryTable } from '../memory-table.ts';

/** A batch of text or reasoning. */
interface Piece {
  part: 'TEXT' | 'REASONING';
  text: string;
}

/** What one attempt wrote to its log, and what its HTTP reader got beyond that before the worker died. */
interface Attempt {
  logged: Piece[];
  ahead: Piece[];
}

/** What a reader holds, with the cursor that says so. */
interface Held {
  text: string;
  reasoning: string;
  cursor: string;
}

const pieces = (maxLength: number) =>
  fc.array(
    fc.record({
      part: fc.constantFrom('TEXT' as const, 'REASONING' as const),
      text: modelText({ minLength: 1, maxLength: 12 }),
    }),
    { maxLength },
  );
const history = fc.array(fc.record({ logged: pieces(5), ahead: pieces(2) }), { minLength: 1, maxLength: 5 });

const chat = seededChat();
const running = streaming(chat, 'request-1:a');
const ID = running.id;

/** Stores an answer that ended after these attempts, with its log. */
function ended(attempts: readonly Attempt[]): { table: MemoryTable; message: AssistantMessageItem } {
  const table = new MemoryTable();
  let [text, reasoning] = ['', ''];
  let resume = { text: 0, reasoning: 0 };
  attempts.forEach(({ logged }, index) => {
    const attempt = index + 1;
    resume = { text: text.length, reasoning: reasoning.length };
    const slot = () => ({ pk: running.pk, sk: logSlot(ID, text.length + reasoning.length, attempt) });
    const fields = { messageId: ID, attempt, claimId: 'worker', sha256: '', ttl: 1 };
    for (const piece of logged) {
      const key = slot();
      const offset = piece.part === 'TEXT' ? text.length : reasoning.length;
      if (piece.part === 'TEXT') text += piece.text;
      else reasoning += piece.text;
      const lengths = { textLength: text.length, reasoningLength: reasoning.length };
      table.seed({ ...key, ...fields, ...lengths, ...piece, kind: 'BATCH', seq: 1, offset } as LogItem);
    }
    const seal = { part: 'TEXT', offset: 0, text: '', textLength: 0, reasoningLength: 0 } as const;
    table.seed({ ...slot(), ...fields, ...seal, kind: 'SEAL', seq: 9 } as LogItem);
  });
  const message: AssistantMessageItem = {
    ...running,
    ...{ attempt: attempts.length, status: 'INTERRUPTED', text, reasoning },
    ...{ resumeOffset: resume.text, resumeReasoningOffset: resume.reasoning },
    end: {
      ...{ reason: 'LOST', length: text.length, sha256: sha256(text), reasoningLength: reasoning.length },
      continuable: true,
    },
  };
  table.seed(chat.conversation, message);
  return { table, message };
}

/** Somebody who read attempt `of` as its worker streamed it, from its beginning, and left after `units` of it. */
function readerOf(attempts: readonly Attempt[], of: number, units: number): Held {
  const earlier = attempts.slice(0, of - 1).flatMap(({ logged }) => logged);
  const own = attempts[of - 1];
  const held = { TEXT: '', REASONING: '' };
  for (const { part, text } of earlier) held[part] += text;
  let left = units;
  for (const { part, text } of [...(own?.logged ?? []), ...(own?.ahead ?? [])]) {
    held[part] += text.slice(0, left);
    left = Math.max(0, left - text.length);
  }
  const cursor = `${ID}:${of}:${held.TEXT.length}.${held.REASONING.length}`;
  return { text: held.TEXT, reasoning: held.REASONING, cursor };
}

/** Reads on from a cursor as PROTOCOL.md asks readers to; throws at a hole or a repeat. */
async function readOn(table: MemoryTable, held: Held): Promise<{ held: Held; end: TokenBatch | undefined }> {
  const from = readCursor(held.cursor, ID);
  const writer = new SseWriter(() => 0, from);
  const name = { owner: OWNER, conversationId: CONVERSATION, messageId: ID };
  const reading = new Response(writer.body).text();
  await follow({ table, now: () => 0, settle: () => Promise.resolve() }, name, writer, from);
  let { text, reasoning, cursor } = held;
  let attempt = from?.attempt ?? 0;
  let end: TokenBatch | undefined;
  const parser = createParser({
    onEvent: ({ id, data }) => {
      const batch = JSON.parse(data) as TokenBatch;
      cursor = id ?? '';
      if (batch.kind === 'START') {
        expect(batch.attempt).toBeGreaterThan(attempt);
        attempt = batch.attempt;
        text = text.slice(0, batch.resumeOffset);
        reasoning = reasoning.slice(0, batch.resumeReasoningOffset);
      } else if (batch.kind === 'END') {
        end = batch;
        text = text.slice(0, batch.end?.length);
        reasoning = reasoning.slice(0, batch.end?.reasoningLength);
      } else if (batch.part === 'TEXT') {
        expect(batch.offset).toBe(text.length);
        text += batch.text;
      } else {
        expect(batch.offset).toBe(reasoning.length);
        reasoning += batch.text;
      }
      expect(cursor.startsWith(`${ID}:${attempt}:${text.length}.${reasoning.length}`)).toBe(true);
    },
  });
  parser.feed(await reading);
  return { held: { text, reasoning, cursor }, end };
}

it('brings every reader of any attempt, also one ahead of its log, to exactly the stored answer', async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.nat(4), fc.nat(90), fc.boolean(), async (attempts, which, units, isNew) => {
      const { table, message } = ended(attempts);
      const of = 1 + (which % attempts.length);
      const before = isNew ? { text: '', reasoning: '', cursor: '' } : readerOf(attempts, of, units);
      const { held, end } = await readOn(table, before);

      expect(held).toEqual({
        ...{ text: message.text, reasoning: message.reasoning },
        cursor: `${ID}:${attempts.length}:${message.text.length}.${message.reasoning?.length}:end`,
      });
      expect(end?.end?.sha256).toBe(sha256(held.text));
    }),
    propertyRuns(1_000),
  );
});
