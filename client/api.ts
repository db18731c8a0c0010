import type { ChatError } from '../protocol/errors.ts';
import { CLIENT_DOCUMENTS } from '../protocol/generated/client-documents.ts';
import type {
  Mutation,
  Query,
  RegenerateMessageInput,
  SendMessageInput,
} from '../protocol/generated/schema-types.ts';
import { requestError } from './request-error.ts';
import type { SubscriptionObserver, Transport, Variables } from './transport.ts';

/** A position of a message's text and reasoning, in UTF-16 units. */
export interface TextPosition {
  readonly offset: number;
  readonly reasoningOffset: number;
}

/** The operations of the service with their types. Every one rejects with a ChatError and nothing else. */
export type Api = ReturnType<typeof createApi>;

/** The typed operations over a transport. */
export function createApi(transport: Transport) {
  const query = <Field extends keyof Query & keyof typeof CLIENT_DOCUMENTS>(
    field: Field,
    variables: Variables,
  ): Promise<Query[Field]> => taken(transport.query<Query>(CLIENT_DOCUMENTS[field], variables), field);
  const mutate = <Field extends keyof Mutation & keyof typeof CLIENT_DOCUMENTS>(
    field: Field,
    variables: Variables,
  ): Promise<Mutation[Field]> => taken(transport.mutate<Mutation>(CLIENT_DOCUMENTS[field], variables), field);

  return {
    conversations: (limit?: number, nextToken?: string | null) =>
      query('conversations', given({ limit, nextToken })),
    messages: (conversationId: string, nextToken?: string) =>
      query('messages', given({ conversationId, nextToken })),
    /** Resolves when the service answers; that a conversation has no messages is an answer too. */
    probe: (conversationId: string) =>
      query('messages', { conversationId, limit: 1 }).then(
        () => undefined,
        (error: ChatError) => {
          if (error.code !== 'NOT_FOUND') throw error;
        },
      ),
    messageState: (conversationId: string, messageId: string, from: TextPosition) =>
      query('messageState', {
        conversationId,
        messageId,
        fromOffset: from.offset,
        fromReasoningOffset: from.reasoningOffset,
      }),
    send: (input: SendMessageInput) => mutate('sendMessage', { input }),
    regenerate: (input: RegenerateMessageInput) => mutate('regenerateMessage', { input }),
    cancel: (conversationId: string, messageId: string) =>
      mutate('cancelMessage', { conversationId, messageId }),
    continue: (conversationId: string, messageId: string) =>
      mutate('continueMessage', { conversationId, messageId }),
    rename: (id: string, title: string) => mutate('renameConversation', { id, title }),
    delete: (id: string) => mutate('deleteConversation', { id }),
    watch: (conversationId: string, observer: SubscriptionObserver) =>
      transport.subscribe(CLIENT_DOCUMENTS.onTokens, { conversationId }, observer),
  };
}

async function taken<Data, Field extends keyof Data>(
  answer: Promise<Data>,
  field: Field,
): Promise<Data[Field]> {
  try {
    return (await answer)[field];
  } catch (thrown) {
    throw requestError(thrown);
  }
}

/** Leaves out what is absent: an argument that is null is not one that was omitted. */
function given(variables: Variables): Variables {
  return Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== null),
  );
}
