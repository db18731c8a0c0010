import { CONTINUE_INSTRUCTION } from '../../protocol/continue-instruction.ts';
import { ChatError } from '../../protocol/errors.ts';
import type { AssistantMessageItem, MessageItem } from '../../protocol/items.ts';
import { MESSAGE_PREFIX } from '../../protocol/keys.ts';
import { readCurrentText } from '../table/answer-text.ts';
import type { Table } from '../table/table.ts';
import type { ModelMessage } from './stream.ts';
import { estimateTokens } from './usage.ts';

/** What the history may hold. */
export interface HistoryOptions {
  readonly systemPrompt: string | undefined;
  /** Estimated tokens of everything sent, the system prompt and the last user text included even when they pass it. */
  readonly maxInputTokens: number;
}

/**
 * Builds what the model reads: system prompt, the parent chain of the answer within the token budget (newest kept,
 * beginning with a user turn), the user's text last. An answer that still runs contributes the text it has by now; an
 * empty one is left out. A continued answer's own text and an instruction to go on follow.
 */
export async function readHistory(
  table: Table,
  message: AssistantMessageItem,
  textSoFar: string,
  options: HistoryOptions,
): Promise<ModelMessage[]> {
  const chain: ModelMessage[] = [];
  let left = options.maxInputTokens - estimateTokens(options.systemPrompt ?? '') - estimateTokens(textSoFar);
  for await (const item of parentChain(table, message)) {
    const content =
      item.role === 'USER' ? item.text : (await readCurrentText(table, item as AssistantMessageItem)).text;
    if (content === '') continue;
    left -= estimateTokens(content);
    if (left < 0 && chain.length > 0) break;
    chain.unshift({ role: item.role === 'USER' ? 'user' : 'assistant', content });
  }
  if (chain.length === 0)
    throw new ChatError('INTERNAL', { cause: new Error('The user message is missing') });
  while (chain.length > 1 && chain[0]?.role === 'assistant') chain.shift();
  const system = options.systemPrompt ? [{ role: 'system' as const, content: options.systemPrompt }] : [];
  const continued =
    textSoFar === ''
      ? []
      : [
          { role: 'assistant' as const, content: textSoFar },
          { role: 'user' as const, content: CONTINUE_INSTRUCTION },
        ];
  return [...system, ...chain, ...continued];
}

/** The messages an answer follows, nearest first. Ids sort by creation, so one backwards range meets every ancestor. */
async function* parentChain(
  table: Table,
  message: AssistantMessageItem,
): AsyncGenerator<MessageItem, void, undefined> {
  let wanted: string | null = message.userMessageId;
  const range = { pk: message.pk, from: MESSAGE_PREFIX, to: MESSAGE_PREFIX + wanted };
  for await (const item of table.range<MessageItem>(range, { backwards: true })) {
    if (item.id !== wanted) continue;
    yield item;
    wanted = item.parentId;
    if (wanted === null) return;
  }
}
