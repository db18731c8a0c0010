import * as v from 'valibot';
import { isId } from '../../protocol/ids.ts';

const id = v.pipe(
  v.string(),
  v.check((value) => isId(value)),
);
const owner = v.pipe(v.string(), v.minLength(3));

/** What `generate` and `settle` are invoked with. */
export const generationEvent = v.object({
  owner,
  conversationId: id,
  messageId: id,
  attempt: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

/** What `purge` is invoked with. */
export const purgeEvent = v.object({ owner, conversationId: id });

/** What Lambda sends to an on-failure destination; the payload is the failed function's event. */
export const failureRecord = v.object({
  requestContext: v.object({ requestId: v.string(), condition: v.string() }),
  requestPayload: generationEvent,
});
