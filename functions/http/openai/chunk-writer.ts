import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import { ChatError } from '../../../protocol/errors.ts';
import type { AssistantMessageItem } from '../../../protocol/items.ts';
import type { Delta, Terminal } from '../../generation/stream.ts';
import { BodyWriter, type CloseReason, type StreamWriter } from '../answer-writer.ts';
import { cursorText } from '../cursor.ts';
import { errorOfEnd } from '../first-event.ts';
import { SseBody, sseEvent } from '../sse-body.ts';
import { completionHead, finishReasonOf, usageOf } from './completion-wire.ts';
import { openAiError } from './openai-error.ts';

type Choice = ChatCompletionChunk.Choice;

/**
 * A stored answer as OpenAI's chunks: role, text, finish reason, usage when asked for, `[DONE]`. The cursor is in the `id:`
 * line alone. Reasoning has no key and is left out. An answer that ends badly, or without an end here, is OpenAI's error
 * event without a `[DONE]`, because SDKs take a bare end for success.
 */
export class ChunkWriter extends BodyWriter<SseBody> implements StreamWriter {
  readonly #includesUsage: boolean;
  #hasBegun = false;
  #text = 0;
  #reasoning = 0;

  constructor(now: () => number, includesUsage: boolean) {
    super(new SseBody(now));
    this.#includesUsage = includesUsage;
  }

  start(message: AssistantMessageItem): void {
    // A chunk cannot be taken back: an attempt that begins before what was written ends the stream.
    if (message.resumeOffset < this.#text) this.close();
    this.#reasoning = Math.min(this.#reasoning, message.resumeReasoningOffset);
  }

  delta(message: AssistantMessageItem, delta: Delta): void {
    const end = delta.offset + delta.text.length;
    if (delta.part === 'REASONING') this.#reasoning = end;
    else {
      this.#begin(message);
      this.#text = end;
      this.#chunk(message, { content: delta.text });
    }
  }

  end(message: AssistantMessageItem, { end }: Terminal): void {
    const error = errorOfEnd(end);
    const id = this.#cursor(message, true);
    if (error) return this.#fail(error, id);
    this.#begin(message);
    this.#chunk(message, {}, finishReasonOf(end.reason), id);
    if (this.#includesUsage) this.#write(message, { choices: [], usage: usageOf(end.usage) }, id);
    this.out.endWith(sseEvent('[DONE]'));
  }

  close(why: CloseReason = 'INTERNAL'): void {
    this.#fail(new ChatError(why));
  }

  #begin(message: AssistantMessageItem): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#chunk(message, { role: 'assistant', content: '' });
  }

  #chunk(
    message: AssistantMessageItem,
    delta: Choice['delta'],
    finishReason: Choice['finish_reason'] = null,
    id?: string,
  ): void {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
    this.#write(message, { choices, ...(this.#includesUsage ? { usage: null } : {}) }, id);
  }

  #write(
    message: AssistantMessageItem,
    rest: Pick<ChatCompletionChunk, 'choices' | 'usage'>,
    id: string = this.#cursor(message, false),
  ): void {
    if (!this.out.hasRoom) return this.close();
    const { id: name, created, model } = completionHead(message);
    const chunk: ChatCompletionChunk = {
      ...{ id: name, object: 'chat.completion.chunk', created, model },
      ...rest,
    };
    this.out.event(JSON.stringify(chunk), { id });
  }

  #cursor({ id, attempt }: AssistantMessageItem, isEnd: boolean): string {
    return cursorText(id, { attempt, text: this.#text, reasoning: this.#reasoning, isEnd });
  }

  #fail(error: ChatError, id?: string): void {
    this.out.endWith(sseEvent(JSON.stringify(openAiError(error)), id === undefined ? {} : { id }));
  }
}
