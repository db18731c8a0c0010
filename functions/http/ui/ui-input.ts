import * as v from 'valibot';
import { ChatError } from '../../../protocol/errors.ts';
import { isId } from '../../../protocol/ids.ts';
import type { SendInput } from '../../../protocol/items.ts';
import { sendProblem } from '../../../protocol/validation.ts';

// Loose: the SDK's versions, and what an application adds to the body, bring keys of their own.
const body = v.looseObject({
  id: v.string(),
  messages: v.pipe(
    v.array(v.looseObject({ id: v.string(), role: v.string(), parts: v.array(v.unknown()) })),
    v.minLength(1),
  ),
  trigger: v.picklist(['submit-message', 'regenerate-message']),
  messageId: v.nullish(v.string()),
  model: v.nullish(v.string()),
  pacing: v.nullish(v.picklist(['LIVE', 'BALANCED', 'ECONOMY'])),
});
const textParts = v.array(v.looseObject({ type: v.literal('text'), text: v.string() }));

/** What a request of the AI SDK's chat transport asks for. */
export interface UiInput {
  readonly trigger: 'submit-message' | 'regenerate-message';
  /** The `Idempotency-Key` of a regenerate. */
  readonly idempotencyKey: string | null;
  /** The question under the caller's own id for it, its parent not decided yet. */
  readonly question: SendInput;
  /** The message that is edited or answered anew, by the caller's id for it. */
  readonly messageId: string | undefined;
  /** Whether the question's text may differ from what its id stood for before. */
  readonly isEdit: boolean;
  /** The answer right before the question, by the caller's id for it. */
  readonly before: string | undefined;
  /** Whether no message comes before the question. */
  readonly isFirst: boolean;
}

/**
 * Reads the body of `DefaultChatTransport`. The last message is the question, of text parts alone, which are joined; of the
 * others only the one before it counts, because history is what is stored. A send has the question's id for its
 * `Idempotency-Key`. Keys it does not know are ignored. Throws INVALID_INPUT and MODEL_NOT_ALLOWED.
 */
export function uiInput(json: unknown, idempotencyKey: string | null, models: readonly string[]): UiInput {
  const { id, messages, trigger, model, pacing, ...given } = parsed(body, json);
  const messageId = given.messageId ?? undefined;
  const [before, last] = [messages.at(-2), messages.at(-1)];
  if (last?.role !== 'user') throw new ChatError('INVALID_INPUT');
  const question: SendInput = {
    conversationId: id,
    clientMessageId: last.id,
    text: parsed(textParts, last.parts)
      .map(({ text }) => text)
      .join(''),
    model: model ?? null,
    pacing: pacing ?? null,
  };
  const problem = sendProblem(question, models.join(','));
  if (problem) throw new ChatError(problem);
  const isSend = trigger === 'submit-message';
  if (idempotencyKey !== null && !(isSend ? idempotencyKey === last.id : isId(idempotencyKey)))
    throw new ChatError('INVALID_INPUT');
  return {
    trigger,
    idempotencyKey,
    question,
    messageId,
    isEdit: !isSend || messageId === last.id,
    before: before?.role === 'assistant' && isId(before.id) ? before.id : undefined,
    isFirst: before === undefined,
  };
}

function parsed<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (!result.success) throw new ChatError('INVALID_INPUT', { cause: new v.ValiError(result.issues) });
  return result.output;
}
