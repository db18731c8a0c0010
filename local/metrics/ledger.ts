import { isId } from '../../protocol/ids.ts';
import { addWork, noWork, type Work } from './work.ts';

/** Sums of work: of everything, and of the conversations that were active last. */
export interface Ledger {
  /** Adds work to the total, and to the conversation it was done for, if it names one. */
  charge(conversationId: string | undefined, work: Partial<Work>): void;
  total(): Readonly<Work>;
  /** Least recently active first. */
  conversations(): ReadonlyMap<string, Readonly<Work>>;
}

/**
 * Rows kept. A row is some 300 bytes, so what is bounded is small; what leaves is the row of the conversation that has been idle
 * longest. Its work stays in the total, and when it becomes active again it starts a new row at zero.
 */
export const MAX_CONVERSATIONS = 1_000;

/** A ledger at zero. Ids that no conversation can have are charged to the total alone: a refused request makes no row. */
export function createLedger(maxConversations: number = MAX_CONVERSATIONS): Ledger {
  const total = noWork();
  const rows = new Map<string, Work>();
  return {
    charge(conversationId, work) {
      addWork(total, work);
      if (!isId(conversationId)) return;
      const row = rows.get(conversationId) ?? noWork();
      addWork(row, work);
      rows.delete(conversationId);
      rows.set(conversationId, row);
      if (rows.size > maxConversations) rows.delete(rows.keys().next().value ?? '');
    },
    total: () => total,
    conversations: () => rows,
  };
}
