import type { ThreadRow } from '../thread.ts';

/** Where a message stands among its siblings, and how to see another one. */
export interface BranchProps {
  readonly row: Pick<ThreadRow, 'parent' | 'place' | 'siblings' | 'previousId' | 'nextId'>;
  /** Shows a child of a parent; a stable function. */
  readonly onChoose: (parent: string, childId: string) => void;
}

/** `‹ 1/2 ›`: chooses between the siblings of a message; nothing when it has none. */
export function BranchPicker({ row, onChoose, noun }: BranchProps & { noun: string }) {
  const { parent, place, siblings, previousId, nextId } = row;
  if (siblings < 2) return null;
  return (
    <span className="branches" role="group" aria-label={`Versions of this ${noun}`}>
      <button
        type="button"
        className="icon-button"
        aria-label={`Previous ${noun}`}
        disabled={previousId === undefined}
        onClick={() => previousId !== undefined && onChoose(parent, previousId)}
      >
        <span aria-hidden="true">‹</span>
      </button>
      <span>
        <span className="visually-hidden">Version </span>
        {place}/{siblings}
      </span>
      <button
        type="button"
        className="icon-button"
        aria-label={`Next ${noun}`}
        disabled={nextId === undefined}
        onClick={() => nextId !== undefined && onChoose(parent, nextId)}
      >
        <span aria-hidden="true">›</span>
      </button>
    </span>
  );
}
