import type { ChatMessage } from '../index.ts';

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
  for (let level = first && (children.get(parentKey(first)) ?? []); level && level.length > 0;) {
    const shown = chosen(level, choices, newestPath[path.length]);
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

/** The sibling `step` places after a message; undefined at either end. */
export function siblingOf(entry: ThreadEntry, step: number): string | undefined {
  return entry.siblings[entry.siblings.indexOf(entry.message.id) + step];
}

/**
 * What a new message follows: the end of the shown path. Undefined, so that the service places it after the newest answer,
 * while nothing is loaded or the end itself is not placed yet.
 */
export function parentOfNext(path: readonly ThreadEntry[]): string | undefined {
  const last = path.at(-1)?.message;
  return last && !last.pending ? last.id : undefined;
}

/** Whether an answer is on its way. */
export function isRunning(message: ChatMessage): boolean {
  return message.role === 'ASSISTANT' && (message.status === 'PENDING' || message.status === 'STREAMING');
}

/** The newest answer on its way, wherever it is in the tree: the one that Stop ends. */
export function runningAnswer(messages: readonly ChatMessage[]): ChatMessage | undefined {
  return messages.findLast(isRunning);
}
