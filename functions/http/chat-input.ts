import { createHash, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { ChatError } from '../../protocol/errors.ts';
import type { SendInput } from '../../protocol/items.ts';
import { MAX_BODY_BYTES } from '../../protocol/limits.ts';
import { sendProblem } from '../../protocol/validation.ts';

const body = v.strictObject({
  text: v.string(),
  conversationId: v.optional(v.string()),
  clientMessageId: v.optional(v.string()),
  parentId: v.optional(v.nullable(v.string())),
  model: v.optional(v.nullable(v.string())),
  pacing: v.optional(v.nullable(v.picklist(['LIVE', 'BALANCED', 'ECONOMY']))),
});

/**
 * Reads a JSON request body; refuses other media types (415), more than 256 KB (413) and malformed JSON (400). Half a
 * surrogate pair, which JSON can escape and UTF-8 cannot hold, becomes U+FFFD: a repeat has to equal what is stored.
 */
export async function readJson(request: Request): Promise<unknown> {
  const mediaType = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') throw new ChatError('UNSUPPORTED_MEDIA_TYPE');
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > MAX_BODY_BYTES) throw new ChatError('PAYLOAD_TOO_LARGE');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return JSON.parse(text, (_key, value: unknown) =>
      typeof value === 'string' ? value.toWellFormed() : value,
    ) as unknown;
  } catch (error) {
    throw new ChatError('INVALID_INPUT', { cause: error });
  }
}

/** An omitted conversation is derived from owner and clientMessageId, so that a repeat meets it again. */
function derivedConversationId(owner: string, clientMessageId: string): string {
  return createHash('sha256').update(`${owner}#${clientMessageId}`).digest('hex').slice(0, 32);
}

/**
 * The send a `POST /chat` asks for. Unknown and missing fields are INVALID_INPUT, and so is an `Idempotency-Key` that
 * differs from the body's clientMessageId; without either the request cannot be repeated.
 */
export function chatInput(
  json: unknown,
  idempotencyKey: string | null,
  owner: string,
  models: readonly string[],
): SendInput {
  const parsed = v.safeParse(body, json);
  if (!parsed.success) throw new ChatError('INVALID_INPUT', { cause: new v.ValiError(parsed.issues) });
  const given = parsed.output;
  if (
    idempotencyKey !== null &&
    given.clientMessageId !== undefined &&
    idempotencyKey !== given.clientMessageId
  ) {
    throw new ChatError('INVALID_INPUT');
  }
  const clientMessageId = given.clientMessageId ?? idempotencyKey ?? randomUUID();
  const input: SendInput = {
    text: given.text,
    clientMessageId,
    conversationId: given.conversationId ?? derivedConversationId(owner, clientMessageId),
    ...('parentId' in given ? { parentId: given.parentId } : {}),
    model: given.model ?? null,
    pacing: given.pacing ?? null,
  };
  const problem = sendProblem(input, models.join(','));
  if (problem) throw new ChatError(problem);
  return input;
}
