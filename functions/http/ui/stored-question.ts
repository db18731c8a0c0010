import { createHash } from 'node:crypto';
import type { MessageItem, RequestItem, SendInput } from '../../../protocol/items.ts';
import { messageKey, requestKey } from '../../../protocol/keys.ts';
import type { Table } from '../../table/table.ts';
import type { UiInput } from './ui-input.ts';

/** The question of a request as the service knows it. */
export interface StoredQuestion {
  /** The send that meets the question, or stores it. */
  readonly send: SendInput;
  /** Its request item, when the question is stored with this very text. */
  readonly request: RequestItem | undefined;
}

/**
 * Finds the question of a request. The AI SDK keeps its id when the text is edited, and an application may have its
 * messages from our listing, so it is looked for by its own id, by the id of an edit to this text, and as a listed message.
 * One that is new follows the answer before it, and so an edit becomes a branch; an edited first message begins anew; where
 * the answer before it is none of ours, it follows the last one of the conversation.
 */
export async function findQuestion(
  table: Table,
  owner: string,
  { question, isEdit, before, isFirst }: UiInput,
): Promise<StoredQuestion> {
  const { conversationId, clientMessageId, text } = question;
  const requestOf = (id: string) => table.get<RequestItem>(requestKey(owner, conversationId, id));
  const messageOf = (id: string) => table.get<MessageItem>(messageKey(owner, conversationId, id));
  const [own, listed, answer] = await Promise.all([
    requestOf(clientMessageId),
    messageOf(clientMessageId),
    before === undefined ? undefined : messageOf(before),
  ]);
  let id = clientMessageId;
  if (own && own.text !== text && isEdit) id = idOfEdit(id, text);
  else if (!own && listed?.role === 'USER' && listed.text === text) id = listed.clientMessageId;
  const request = id === clientMessageId ? own : await requestOf(id);
  if (request?.text === text) {
    return { send: { ...question, clientMessageId: id, ...parentOf(request) }, request };
  }
  const follows = answer?.role === 'ASSISTANT' ? { parentId: answer.id } : {};
  const parent = isFirst && isEdit && (own ?? listed) ? { parentId: null } : follows;
  return { send: { ...question, clientMessageId: id, ...parent }, request: undefined };
}

/** The id of what a message was edited to: the same for the same text, so that an edit can be repeated. */
function idOfEdit(clientMessageId: string, text: string): string {
  return createHash('sha256').update(`${clientMessageId}#${text}`).digest('hex').slice(0, 32);
}

/** The parent as the stored request was given it, because a repeat has to be equal. */
function parentOf({ givenParent, givenParentId }: RequestItem): Pick<SendInput, 'parentId'> {
  return givenParent === 'omitted' ? {} : { parentId: givenParentId };
}
