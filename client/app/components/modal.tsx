import { useId, useLayoutEffect, useRef, type MouseEvent, type ReactNode } from 'react';

interface ModalProps {
  readonly title: string;
  readonly className?: string;
  /** Escape, a click outside, or the platform's own gesture. */
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/**
 * A modal dialog for as long as it is rendered: the platform keeps focus inside, closes it on Escape and gives focus back
 * to where it was. Focus begins at the element with `data-first-focus`, else at the first control.
 */
export function Modal({ title, className = 'modal', onClose, children }: ModalProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Closed while it is still in the page: afterwards nothing gives focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) {
      dialog.showModal();
      // React's autoFocus comes before the dialog is open, and leaves no attribute for the platform.
      dialog.querySelector<HTMLElement>('[data-first-focus]')?.focus();
    }
    return () => dialog?.close();
  }, []);
  const closeOutside = (event: MouseEvent) => {
    if (event.target === event.currentTarget) onClose();
  };
  return (
    <dialog
      ref={ref}
      className={className}
      aria-labelledby={titleId}
      onClick={closeOutside}
      onCancel={(event) => {
        // The state decides whether it is open.
        event.preventDefault();
        onClose();
      }}
    >
      <div className="modal-body">
        <div className="modal-head">
          <h2 id={titleId}>{title}</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
            <span aria-hidden="true">✕</span>
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
