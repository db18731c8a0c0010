/** Drafts that outlive a reload of this tab. Storage that is switched off or full keeps nothing and breaks nothing. */
export interface KeptTexts {
  draft(key: string): string;
  keepDraft(key: string, text: string): void;
}

const DRAFT = 'appsync-chat:draft:';

/** Keeps drafts in a storage of the tab (`sessionStorage`): another tab has its own. Unsent messages the library keeps. */
export function createKeptTexts(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): KeptTexts {
  return {
    draft(key) {
      try {
        return storage.getItem(DRAFT + key) ?? '';
      } catch {
        return '';
      }
    },
    keepDraft(key, text) {
      try {
        if (text === '') storage.removeItem(DRAFT + key);
        else storage.setItem(DRAFT + key, text);
      } catch {
        // Nothing is kept then.
      }
    },
  };
}
