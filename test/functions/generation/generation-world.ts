import { type GenerationPorts } from '../../../functions/generation/generation.ts';
import type { Model } from '../../../functions/generation/stream.ts';
import type { AssistantMessageItem, LogItem } from '../../../protocol/items.ts';
import { harness, scriptedModel, seededChat, type Step } from '../chat-fixture.ts';
import { MemoryTable } from '../memory-table.ts';

/** What the provider counted. */
export const USAGE = {
  inputTokens: 7,
  outputTokens: 2,
  cachedInputTokens: 1,
  reasoningTokens: null,
  source: 'PROVIDER',
  costUsd: null,
} as const;

/** One PENDING answer in a memory table, a model that follows `steps`, and what can be seen of a run. */
export function world(
  steps: readonly Step[] | Model,
  options: { message?: Partial<AssistantMessageItem>; ports?: Partial<GenerationPorts> } = {},
) {
  const table = new MemoryTable();
  const chat = seededChat({ now: Date.now(), message: options.message });
  table.seed(chat.conversation, chat.user, chat.message);
  const model = 'stream' in steps ? steps : scriptedModel(steps);
  const seen = harness(table, model, options.ports);
  const stored = () => table.all<AssistantMessageItem>(chat.message.sk)[0];
  const change = (values: Partial<AssistantMessageItem>) =>
    table.seed({ ...(stored() ?? chat.message), ...values });
  const logged = () =>
    table
      .all<LogItem>('L#')
      .filter((item) => item.kind === 'BATCH')
      .map((item) => item.text)
      .join('');
  return { table, chat, ...seen, stored, change, logged };
}

/** Kinds of batches in order. */
export const kinds = (batches: readonly { kind: string }[]) => batches.map((batch) => batch.kind);
