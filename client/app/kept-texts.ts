import * as v from 'valibot';

/** A text that was sent and that the service has not accepted yet, as far as this page knows. */
export interface UnsentText {
  readonly clientMessageId: string;
  readonly text: string;
  readonly parentId?: string | undefined;
}

/** Texts that outlive a reload of this tab. Storage that is switched off or full keeps nothing and breaks nothing. */
export interface KeptTexts {
  draft(key: string): string;
  keepDraft(key: string, text: string): void;
  /** What was sent to a conversation and not accepted, oldest first. */
  unsent(key: string): readonly UnsentText[];
  keepUnsent(key: string, unsent: UnsentText): void;
  forgetUnsent(key: string, clientMessageId: string): void;
}

const DRAFT = 'appsync-chat:draft:';
const UNSENT = 'appsync-chat:unsent:';
const unsentList = v.array(
  v.object({ clientMessageId: v.string(), text: v.string(), parentId: v.optional(v.string()) }),
);

/** Keeps texts in a storage of the tab (`sessionStorage`): another tab has drafts of its own. */
export function createKeptTexts(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): KeptTexts {
  const read = (key: string) => {
    try {
      return storage.getItem(key);
    } catch {
      return null;
    }
  };
  const write = (key: string, value: string) => {
    try {
      if (value === '') storage.removeItem(key);
      else storage.setItem(key, value);
    } catch {
      // Nothing is kept then.
    }
  };
  const unsent = (key: string): readonly UnsentText[] => {
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), unsentList), read(UNSENT + key));
    return parsed.success ? parsed.output : [];
  };
  const writeUnsent = (key: string, list: readonly UnsentText[]) =>
    write(UNSENT + key, list.length === 0 ? '' : JSON.stringify(list));
  return {
    draft: (key) => read(DRAFT + key) ?? '',
    keepDraft: (key, text) => write(DRAFT + key, text),
    unsent,
    keepUnsent: (key, added) =>
      writeUnsent(key, [
        ...unsent(key).filter(({ clientMessageId }) => clientMessageId !== added.clientMessageId),
        added,
      ]),
    forgetUnsent: (key, id) =>
      writeUnsent(
        key,
        unsent(key).filter(({ clientMessageId }) => clientMessageId !== id),
      ),
  };
}
