import { ChatError } from '../../protocol/errors.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import { SseWriter } from './answer-writer.ts';
import { readCursor } from './cursor.ts';
import { SSE_TYPE } from './door.ts';
import { follow } from './follow.ts';
import { readNamedMessage, type MessageName } from './named-message.ts';
import { followPorts, serve, type HttpInvocation, type HttpPorts, type StreamedAnswer } from './serve.ts';

/**
 * Streams an answer of either door as SSE, from its beginning or after a `Last-Event-ID`. Undefined when the reader has
 * everything: it has END, and END is still the state. Throws INVALID_INPUT for a malformed or impossible cursor, NOT_FOUND
 * for whatever is no answer of the caller.
 */
export async function events(
  ports: HttpPorts,
  invocation: HttpInvocation,
  name: MessageName,
  lastEventId: string | null,
): Promise<StreamedAnswer | undefined> {
  const from = readCursor(lastEventId, name.messageId);
  const message = await readNamedMessage(ports.table, name);
  if (message.role !== 'ASSISTANT') throw new ChatError('NOT_FOUND');
  // An attempt is stored before anything of it leaves, so nobody can have a cursor of a later one.
  if (from && from.attempt > message.attempt) throw new ChatError('INVALID_INPUT');
  if (from?.isEnd && from.attempt === message.attempt && isTerminal(message.status)) return undefined;
  const writer = new SseWriter(() => ports.clock.now(), from);
  serve(ports, invocation, message.id, writer, () => follow(followPorts(ports, name), name, writer, from));
  return { contentType: SSE_TYPE, body: writer.body };
}
