import type { AssistantMessageItem } from '../../../protocol/items.ts';
import { seededChat, sha256, streaming } from '../chat-fixture.ts';

/** One question and its answer: PENDING in `chat`, then `running`, then `ended`. */
export const chat = seededChat({ now: Date.now() });

/** The answer as its worker holds it. */
export const running = streaming(chat, 'request-1:a', Date.now());

/** The answer with its receipt, COMPLETE unless the change says otherwise. */
export const ended = (text: string, change: Partial<AssistantMessageItem> = {}): AssistantMessageItem => ({
  ...running,
  status: 'COMPLETE',
  text,
  end: { reason: 'STOP', length: text.length, sha256: sha256(text), reasoningLength: 0, continuable: false },
  ...change,
});
