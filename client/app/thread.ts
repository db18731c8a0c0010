import type { ChatMessage, MessageRole } from '../index.ts';
import { shared, sharedList } from '../snapshot.ts';

/** The branch a person chose, by parent: the id of the child that is shown. Roots have the parent `''`. */
export type BranchChoices = ReadonlyMap<string, string>;

/** One message of the shown path. */
export interface ThreadEntry {
  readonly message: ChatMessage;
  /** Ids of the messages with the same parent, oldest first, this one included. */
  readonly siblings: readonly string[];
}

/** The key of a message's parent in BranchChoices. */
export function parentKey(message: Pick<ChatMessage, 'parentId'>): string {
  return message.parentId ?? '';
}

/**
 * The path of the message tree that is shown, oldest first: where nothing was chosen, the branch that holds the newest
 * message. A message whose parent is not loaded begins a path, so a history of which only the newest page is here shows
 * from there on. Pending messages come last in the order they were sent: the service has not placed them yet.
 */
export function threadOf(messages: readonly ChatMessage[], choices: BranchChoices): readonly ThreadEntry[] {
  const stored = messages.filter((message) => !message.pending);
  const byId = new Map(stored.map((message) => [message.id, message]));
  const children = new Map<string, ChatMessage[]>();
  for (const message of stored) {
    const siblings = children.get(parentKey(message));
    if (siblings) siblings.push(message);
    else children.set(parentKey(message), [message]);
  }
  const newestPath = pathTo(stored.at(-1), byId);
  const first = newestPath[0];
  const path: ThreadEntry[] = [];
  // Messages that were each other's ancestors would never end.
  const seen = new Set<string>();
  for (let level = first && children.get(parentKey(first)); level;) {
    const shown = chosen(level, choices, newestPath[path.length]);
    if (seen.has(shown.id)) break;
    seen.add(shown.id);
    path.push({ message: shown, siblings: level.map(({ id }) => id) });
    level = children.get(shown.id);
  }
  const pending = messages.filter((message) => message.pending);
  return [...path, ...pending.map((message) => ({ message, siblings: [message.id] }))];
}

/** From the oldest loaded ancestor down to `message`. */
function pathTo(message: ChatMessage | undefined, byId: ReadonlyMap<string, ChatMessage>): ChatMessage[] {
  const path: ChatMessage[] = [];
  const seen = new Set<string>();
  for (let at = message; at && !seen.has(at.id); at = byId.get(parentKey(at))) {
    seen.add(at.id);
    path.unshift(at);
  }
  return path;
}

function chosen(
  siblings: readonly ChatMessage[],
  choices: BranchChoices,
  onNewestPath: ChatMessage | undefined,
): ChatMessage {
  const [any] = siblings as [ChatMessage];
  const choice = siblings.find(({ id }) => id === choices.get(parentKey(any)));
  const newest = siblings.find(({ id }) => id === onNewestPath?.id);
  return choice ?? newest ?? siblings.at(-1) ?? any;
}

/** A message of the shown path without its text: what a list needs to know. All primitives. */
export interface ThreadRow {
  readonly messageId: string;
  /** The same before and after the service accepted a message, unlike its id. */
  readonly key: string;
  readonly role: MessageRole;
  readonly isPending: boolean;
  readonly parent: string;
  /** Among its siblings, from 1. */
  readonly place: number;
  readonly siblings: number;
  readonly previousId: string | undefined;
  readonly nextId: string | undefined;
}

function rowOf({ message, siblings }: ThreadEntry): ThreadRow {
  const index = siblings.indexOf(message.id);
  return {
    messageId: message.id,
    key: message.role === 'USER' ? (message.clientMessageId ?? message.id) : message.id,
    role: message.role,
    isPending: message.pending,
    parent: parentKey(message),
    place: index + 1,
    siblings: siblings.length,
    previousId: siblings[index - 1],
    nextId: siblings[index + 1],
  };
}

/**
 * Reads the rows of the shown path from snapshots. Rows and list keep their identity for as long as the path stays as it
 * is, so that a list does not render for a token.
 */
export function rowReader(
  choices: BranchChoices,
): (state: { readonly messages: readonly ChatMessage[] }) => readonly ThreadRow[] {
  let rows: readonly ThreadRow[] = [];
  return ({ messages }) => {
    const known = new Map(rows.map((row) => [row.key, row]));
    const next = threadOf(messages, choices).map((entry) => {
      const row = rowOf(entry);
      return shared(known.get(row.key), row);
    });
    rows = sharedList(rows, next);
    return rows;
  };
}

/**
 * What a new message follows: the end of the shown path. Undefined, so that the service places it after the newest answer,
 * while nothing is loaded or the end itself is not placed yet.
 */
export function parentOfNext(rows: readonly ThreadRow[]): string | undefined {
  const last = rows.at(-1);
  return last && !last.isPending ? last.messageId : undefined;
}

/** Whether an answer is on its way. */
export function isRunning(message: ChatMessage): boolean {
  return message.role === 'ASSISTANT' && (message.status === 'PENDING' || message.status === 'STREAMING');
}

/** The newest answer on its way, wherever it is in the tree: the one that Stop ends. */
export function runningAnswer(messages: readonly ChatMessage[]): ChatMessage | undefined {
  return messages.findLast(isRunning);
}
