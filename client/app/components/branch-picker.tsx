/** Where a message stands among its siblings, and how to see another one. */
export interface BranchProps {
  readonly messageId: string;
  /** From 1. */
  readonly place: number;
  readonly siblings: number;
  /** Shows the sibling `step` places on; a stable function. */
  readonly onStep: (messageId: string, step: number) => void;
}

/** `‹ 1/2 ›`: chooses between the siblings of a message; nothing when it has none. */
export function BranchPicker({ messageId, place, siblings, onStep, noun }: BranchProps & { noun: string }) {
  if (siblings < 2) return null;
  return (
    <span className="branches" role="group" aria-label={`Versions of this ${noun}`}>
      <button
        type="button"
        className="icon-button"
        aria-label={`Previous ${noun}`}
        disabled={place === 1}
        onClick={() => onStep(messageId, -1)}
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
        disabled={place === siblings}
        onClick={() => onStep(messageId, 1)}
      >
        <span aria-hidden="true">›</span>
      </button>
    </span>
  );
}
