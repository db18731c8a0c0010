import { ChatError } from '../../protocol/errors.ts';

/** A place in the SSE stream of one message: the attempt a reader met last and what it holds of both parts. */
export interface Cursor {
  readonly attempt: number;
  /** UTF-16 units of text. */
  readonly text: number;
  /** UTF-16 units of reasoning. */
  readonly reasoning: number;
  /** Whether the reader has END. */
  readonly isEnd: boolean;
}

const WHOLE = '0|[1-9]\\d{0,8}';
const FORM = new RegExp(`^([A-Za-z0-9_-]+):([1-9]\\d{0,8}):(${WHOLE})\\.(${WHOLE})(:end)?$`);

/** The `id:` of an SSE event. */
export function cursorText(messageId: string, { attempt, text, reasoning, isEnd }: Cursor): string {
  return `${messageId}:${attempt}:${text}.${reasoning}${isEnd ? ':end' : ''}`;
}

/**
 * Reads a `Last-Event-ID`. Absent or empty means from the beginning, as the standard has it for a reader that was given no
 * id. Throws INVALID_INPUT for anything `cursorText` does not write, and for the cursor of another message.
 */
export function readCursor(header: string | null, messageId: string): Cursor | undefined {
  if (header === null || header === '') return undefined;
  const [, id, attempt, text, reasoning, end] = FORM.exec(header) ?? [];
  if (id !== messageId) throw new ChatError('INVALID_INPUT');
  return {
    attempt: Number(attempt),
    text: Number(text),
    reasoning: Number(reasoning),
    isEnd: end !== undefined,
  };
}
