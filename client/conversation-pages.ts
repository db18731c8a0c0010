/** Puts pages of conversations together. Pure. */
import type {
  Conversation as ConversationItem,
  ConversationPage,
} from '../protocol/generated/schema-types.ts';

/** The conversations that are loaded. */
export interface LoadedConversations {
  /** Newest first, by `updatedAt`, every id once. */
  readonly items: readonly ConversationItem[];
  /** Where older ones follow; null when there are none, undefined before the first page. */
  readonly nextToken: string | null | undefined;
  /** `updatedAt` of the newest when it was last listed: what was changed since is newer. Undefined before the first page. */
  readonly listedThrough: string | undefined;
}

/** Before the first page. */
export const NOTHING_LOADED: LoadedConversations = {
  items: [],
  nextToken: undefined,
  listedThrough: undefined,
};

/**
 * Takes the first page as it is listed now. Older ones that were loaded stay; what is missing in the page's own range is
 * gone. When the page does not reach down to what was listed before, the rest is dropped, so that no hole stays between the
 * two: that it names something loaded tells nothing, for that may have been changed since.
 */
export function withNewest(loaded: LoadedConversations, page: ConversationPage): LoadedConversations {
  const items = newerOf(loaded.items, page.items);
  const nextToken = page.nextToken ?? null;
  const last = page.items.at(-1);
  const listed = new Set(page.items.map(({ id }) => id));
  const listedThrough = page.items[0]?.updatedAt;
  const alone = { items: sorted(items), nextToken, listedThrough };
  const meetsListed = last && loaded.listedThrough !== undefined && last.updatedAt <= loaded.listedThrough;
  if (nextToken === null || !meetsListed) return alone;
  const older = loaded.items.filter(({ id, updatedAt }) => !listed.has(id) && updatedAt <= last.updatedAt);
  if (older.length === 0) return alone;
  return { items: sorted([...items, ...older]), nextToken: loaded.nextToken, listedThrough };
}

/** Takes the page that follows what is loaded. */
export function withOlder(loaded: LoadedConversations, page: ConversationPage): LoadedConversations {
  const listed = new Set(page.items.map(({ id }) => id));
  const others = loaded.items.filter(({ id }) => !listed.has(id));
  return {
    ...loaded,
    items: sorted([...others, ...newerOf(loaded.items, page.items)]),
    nextToken: page.nextToken ?? null,
  };
}

/** Takes one conversation as a mutation answered it; one that is not loaded stays unknown. */
export function withChanged(loaded: LoadedConversations, changed: ConversationItem): LoadedConversations {
  const items = loaded.items.map((item) =>
    item.id === changed.id && item.updatedAt <= changed.updatedAt ? changed : item,
  );
  return { ...loaded, items: sorted(items) };
}

/** Leaves out conversations that were deleted. */
export function without(loaded: LoadedConversations, deleted: ReadonlySet<string>): LoadedConversations {
  return { ...loaded, items: loaded.items.filter(({ id }) => !deleted.has(id)) };
}

/** The listing is eventually consistent: what a mutation answered since must not be taken back by it. */
function newerOf(loaded: readonly ConversationItem[], listed: readonly ConversationItem[]) {
  const known = new Map(loaded.map((item) => [item.id, item]));
  return listed.map((item) => {
    const before = known.get(item.id);
    return before && (before.updatedAt > item.updatedAt || isSame(before, item)) ? before : item;
  });
}

function isSame(a: ConversationItem, b: ConversationItem): boolean {
  return a.updatedAt === b.updatedAt && a.title === b.title && a.lastMessageId === b.lastMessageId;
}

/** Those of one moment keep the service's order. */
function sorted(items: readonly ConversationItem[]): readonly ConversationItem[] {
  return [...items].sort((a, b) => (a.updatedAt === b.updatedAt ? 0 : a.updatedAt < b.updatedAt ? 1 : -1));
}
