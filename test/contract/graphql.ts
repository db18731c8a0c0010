import type { GenerationEnd, MessageStatus } from '../../protocol/generated/schema-types.ts';
import type { Target } from './target.ts';

/** How a request is authorized. */
export type Credential = { apiKey: string } | { token: string } | Record<string, never>;

/** An error as AppSync shapes it. */
export interface WireError {
  message: string;
  errorType?: string | null;
  errorInfo?: Record<string, unknown> | null;
  path?: (string | number)[] | null;
}

/** An answer of the GraphQL endpoint. */
export interface WireAnswer<Data = Record<string, unknown>> {
  status: number;
  headers: Headers;
  data: Data;
  errors: WireError[] | undefined;
}

/** The headers of a credential. */
export function authHeaders(credential: Credential): Record<string, string> {
  if ('apiKey' in credential) return { 'x-api-key': credential.apiKey };
  return 'token' in credential ? { authorization: credential.token } : {};
}

/** Posts one GraphQL request over plain fetch. */
export async function graphql<Data = Record<string, unknown>>(
  target: Pick<Target, 'graphqlUrl'>,
  credential: Credential,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<WireAnswer<Data>> {
  const answer = await fetch(target.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authHeaders(credential) },
    body: JSON.stringify({ query, variables }),
  });
  const body = (await answer.json()) as { data: Data; errors?: WireError[] };
  return { status: answer.status, headers: answer.headers, data: body.data, errors: body.errors };
}

/** Every field of a message. */
export const MESSAGE_FIELDS = `id conversationId parentId role text reasoning status attempt model clientMessageId createdAt
  end { reason length sha256 reasoningLength continuable model usage { inputTokens outputTokens source }
    transport { publishes publishFailures logged } timing { acceptedAt startedAt firstTokenAt endedAt }
    cancel { requestedAt latencyMs tokensAfterCancel }
    error { code message retryable retryAfterMs stage requestId } }`;

/** A message as `MESSAGE_FIELDS` selects it. */
export interface WireMessage {
  id: string;
  conversationId: string;
  parentId: string | null;
  role: 'USER' | 'ASSISTANT';
  text: string;
  reasoning: string | null;
  status: MessageStatus;
  attempt: number;
  model: string | null;
  clientMessageId: string | null;
  createdAt: string;
  end: GenerationEnd | null;
}

/** What sendMessage and regenerateMessage answer. */
export interface WireSend {
  conversation: { id: string; title: string | null; lastMessageId: string | null; updatedAt: string };
  userMessage: WireMessage;
  assistantMessage: WireMessage;
  deduplicated: boolean;
}

const SEND_FIELDS = `conversation { id title lastMessageId updatedAt }
  userMessage { ${MESSAGE_FIELDS} } assistantMessage { ${MESSAGE_FIELDS} } deduplicated`;

/** The documents of the public API. */
export const DOCUMENTS = {
  send: `mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { ${SEND_FIELDS} } }`,
  regenerate: `mutation Regenerate($input: RegenerateMessageInput!) { regenerateMessage(input: $input) { ${SEND_FIELDS} } }`,
  cancel: `mutation Cancel($conversationId: ID!, $messageId: ID!) {
    cancelMessage(conversationId: $conversationId, messageId: $messageId) { ${MESSAGE_FIELDS} } }`,
  continue: `mutation Continue($conversationId: ID!, $messageId: ID!) {
    continueMessage(conversationId: $conversationId, messageId: $messageId) { ${MESSAGE_FIELDS} } }`,
  rename: `mutation Rename($id: ID!, $title: String!) { renameConversation(id: $id, title: $title) { id title updatedAt } }`,
  delete: `mutation Delete($id: ID!) { deleteConversation(id: $id) }`,
  messages: `query Messages($conversationId: ID!, $limit: Int, $nextToken: String) {
    messages(conversationId: $conversationId, limit: $limit, nextToken: $nextToken) {
      items { ${MESSAGE_FIELDS} } nextToken } }`,
  conversation: `query Conversation($id: ID!) { conversation(id: $id) { id title createdAt updatedAt lastMessageId } }`,
  conversations: `query Conversations($limit: Int, $nextToken: String) {
    conversations(limit: $limit, nextToken: $nextToken) { items { id title updatedAt lastMessageId } nextToken } }`,
  state: `query State($conversationId: ID!, $messageId: ID!, $fromOffset: Int, $fromReasoningOffset: Int) {
    messageState(conversationId: $conversationId, messageId: $messageId, fromOffset: $fromOffset,
      fromReasoningOffset: $fromReasoningOffset) {
      messageId status attempt resumeOffset resumeReasoningOffset offset text reasoningOffset reasoning throughSeq more
      end { reason length sha256 reasoningLength continuable transport { publishes publishFailures logged }
        error { code } } } }`,
  onTokens: `subscription OnTokens($conversationId: ID!, $messageId: ID) {
    onTokens(conversationId: $conversationId, messageId: $messageId) {
      conversationId messageId owner attempt seq kind part offset text resumeOffset resumeReasoningOffset nextWithinMs
      status userMessageId publishedAt
      end { reason length sha256 reasoningLength continuable usage { inputTokens outputTokens source }
        cancel { requestedAt latencyMs tokensAfterCancel } error { code } } } }`,
  onConversation: `subscription OnConversation($conversationId: ID!) {
    onTokens(conversationId: $conversationId) {
      conversationId messageId owner attempt seq kind part offset text resumeOffset resumeReasoningOffset nextWithinMs
      status userMessageId publishedAt
      end { reason length sha256 reasoningLength continuable usage { inputTokens outputTokens source }
        cancel { requestedAt latencyMs tokensAfterCancel } error { code } } } }`,
} as const;
