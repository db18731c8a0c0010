import { describe, expect, it } from 'vitest';
import { readHistory } from '../../../functions/generation/history.ts';
import { CONTINUE_INSTRUCTION } from '../../../protocol/continue-instruction.ts';
import type { AssistantMessageItem } from '../../../protocol/items.ts';
import type { Key } from '../../../protocol/keys.ts';
import { textSlot } from '../../../protocol/keys.ts';
import { logOf, seededChat, streaming } from '../chat-fixture.ts';
import { MemoryTable } from '../memory-table.ts';

const OPTIONS = { systemPrompt: undefined, maxInputTokens: 1_000 };

function tableWith(...items: Key[]): MemoryTable {
  const table = new MemoryTable();
  table.seed(...items);
  return table;
}

const answered = (text: string): Partial<AssistantMessageItem> => ({
  status: 'COMPLETE',
  text,
  end: { reason: 'STOP', length: text.length, sha256: '', reasoningLength: 0, continuable: false },
});

/** Question and answer, one after the other: `turns` are [question, answer] pairs. */
function conversation(turns: readonly [string, Partial<AssistantMessageItem>][]) {
  let parentId: string | null = null;
  return turns.map(([text, message], index) => {
    const chat = seededChat({ ulid: `0${index}`, text, parentId, message });
    parentId = chat.message.id;
    return chat;
  });
}

const itemsOf = (chats: ReturnType<typeof conversation>) =>
  chats.flatMap((chat) => [chat.user, chat.message]);

describe('readHistory', () => {
  it('sends the parent chain with the user’s text last, after the system prompt', async () => {
    const chats = conversation([
      ['one', answered('first')],
      ['two', answered('second')],
      ['three', {}],
    ]);
    const message = chats[2]?.message as AssistantMessageItem;

    expect(
      await readHistory(tableWith(...itemsOf(chats)), message, '', { ...OPTIONS, systemPrompt: 'Be brief.' }),
    ).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'first' },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: 'second' },
      { role: 'user', content: 'three' },
    ]);
  });

  it('follows the branch and leaves out siblings', async () => {
    const [root, left] = conversation([
      ['one', answered('first')],
      ['two', answered('second')],
    ]) as [ReturnType<typeof seededChat>, ReturnType<typeof seededChat>];
    const right = seededChat({ ulid: '09', text: 'two, edited', parentId: root.message.id });
    const table = tableWith(...itemsOf([root, left, right]));

    expect((await readHistory(table, right.message, '', OPTIONS)).map((turn) => turn.content)).toEqual([
      'one',
      'first',
      'two, edited',
    ]);
  });

  it('takes the text an answer has by now when it still runs', async () => {
    const [first, second] = conversation([
      ['one', {}],
      ['two', {}],
    ]) as [ReturnType<typeof seededChat>, ReturnType<typeof seededChat>];
    const running = { ...streaming(first), text: 'stored ', resumeOffset: 7, attempt: 2 };
    const table = tableWith(
      first.user,
      running,
      ...logOf(running, ['and ', 'logged']),
      second.user,
      second.message,
    );

    expect(await readHistory(table, second.message, '', OPTIONS)).toContainEqual({
      role: 'assistant',
      content: 'stored and logged',
    });
  });

  it('leaves out an answer without text', async () => {
    const chats = conversation([
      ['one', {}],
      ['two', {}],
    ]);

    expect(
      await readHistory(tableWith(...itemsOf(chats)), chats[1]?.message as AssistantMessageItem, '', OPTIONS),
    ).toEqual([
      { role: 'user', content: 'one' },
      { role: 'user', content: 'two' },
    ]);
  });

  it('reads a long answer whole from its text items', async () => {
    const text = 'x'.repeat(2_000);
    const long = { ...answered(text), text: text.slice(0, 10), textAttempt: 1 };
    const chats = conversation([
      ['one', long],
      ['two', {}],
    ]);
    const { pk, id } = chats[0]?.message as AssistantMessageItem;
    const pieces = [0, 1_000].map((offset) => ({
      pk,
      sk: textSlot(id, 1, 'TEXT', offset),
      messageId: id,
      offset,
      text: text.slice(offset, offset + 1_000),
    }));
    const table = tableWith(...itemsOf(chats), ...pieces);

    expect(
      (await readHistory(table, chats[1]?.message as AssistantMessageItem, '', OPTIONS))[1]?.content,
    ).toBe(text);
  });

  it('keeps the newest turns within the budget and begins with a user turn', async () => {
    const chats = conversation([
      ['a'.repeat(400), answered('b'.repeat(400))],
      ['c'.repeat(400), answered('d'.repeat(400))],
      ['e'.repeat(400), {}],
    ]);
    const table = tableWith(...itemsOf(chats));
    const contents = async (maxInputTokens: number) =>
      (
        await readHistory(table, chats[2]?.message as AssistantMessageItem, '', {
          ...OPTIONS,
          maxInputTokens,
        })
      )
        .map((turn) => turn.content[0])
        .join('');

    expect(await contents(500)).toBe('abcde');
    expect(await contents(499)).toBe('cde');
    expect(await contents(300)).toBe('cde');
    expect(await contents(299)).toBe('e');
    expect(await contents(1)).toBe('e');
  });

  it('asks to go on after the text so far, which counts against the budget', async () => {
    const chats = conversation([
      ['a'.repeat(400), answered('b'.repeat(400))],
      ['c'.repeat(400), {}],
    ]);
    const message = chats[1]?.message as AssistantMessageItem;
    const history = await readHistory(tableWith(...itemsOf(chats)), message, 'd'.repeat(400), {
      ...OPTIONS,
      maxInputTokens: 300,
    });

    expect(history).toEqual([
      { role: 'user', content: 'c'.repeat(400) },
      { role: 'assistant', content: 'd'.repeat(400) },
      { role: 'user', content: CONTINUE_INSTRUCTION },
    ]);
  });

  it('is INTERNAL when the question is missing', async () => {
    const chat = seededChat();

    await expect(readHistory(tableWith(chat.message), chat.message, '', OPTIONS)).rejects.toMatchObject({
      code: 'INTERNAL',
    });
  });
});
