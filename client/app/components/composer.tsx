import {
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type RefObject,
} from 'react';
import { MAX_TEXT_UNITS } from '../../../protocol/limits.ts';

interface ComposerProps {
  /** Focused by whoever wants to type. */
  readonly inputRef: RefObject<HTMLTextAreaElement | null>;
  readonly text: string;
  readonly onText: (text: string) => void;
  /** Called with a text that may be sent. */
  readonly onSend: (text: string) => void;
  /** An answer of this conversation is on its way. */
  readonly isAnswering: boolean;
  readonly onStop: () => void;
  /** Told beside the keys, such as the model's name. */
  readonly label: string | undefined;
}

const COUNTED_FROM = MAX_TEXT_UNITS * 0.9;
const number = new Intl.NumberFormat('en');

/** Whether a text may be sent: something in it, and not too long. */
export function isSendable(text: string): boolean {
  return text.trim() !== '' && text.length <= MAX_TEXT_UNITS;
}

/**
 * Where a message is written. Enter sends, also while an answer runs; Shift+Enter makes a new line; Enter that ends an
 * input method's composition does neither. Escape stops the answer. The button is Stop while an answer runs.
 */
export function Composer({ inputRef, text, onText, onSend, isAnswering, onStop, label }: ComposerProps) {
  const hintId = useId();
  const problemId = useId();
  const isTooLong = text.length > MAX_TEXT_UNITS;
  useHeightOfText(inputRef, text);
  const isComposing = useRef(false);

  const send = () => {
    if (isSendable(text)) onSend(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Safari ends the composition before the key arrives; 229 is what it then says.
    if (isComposing.current || event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      if (!event.repeat) send();
    }
    if (event.key === 'Escape' && isAnswering) {
      event.preventDefault();
      onStop();
    }
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="composer-box">
        <textarea
          ref={inputRef}
          id="message"
          aria-label="Message"
          dir="auto"
          aria-describedby={isTooLong ? `${problemId} ${hintId}` : hintId}
          aria-invalid={isTooLong}
          placeholder="Write a message"
          rows={1}
          value={text}
          onChange={(event) => onText(event.target.value)}
          onKeyDown={onKeyDown}
          onCompositionStart={() => {
            isComposing.current = true;
          }}
          onCompositionEnd={() => {
            isComposing.current = false;
          }}
          enterKeyHint="send"
        />
        {isAnswering ? (
          <button type="button" key="stop" className="stop" onClick={onStop}>
            Stop
          </button>
        ) : (
          <button type="submit" key="send" className="primary" disabled={!isSendable(text)}>
            Send
          </button>
        )}
      </div>
      {isTooLong && (
        <p id={problemId} className="error-text" role="alert">
          This message is too long: at most {number.format(MAX_TEXT_UNITS)} characters can be sent.
        </p>
      )}
      <p className="composer-foot quiet">
        {label !== undefined && <span className="model-label">{label}</span>}
        <span id={hintId} className="key-hint">
          Enter sends, Shift+Enter makes a new line, Escape stops an answer
        </span>
        {text.length > COUNTED_FROM && (
          <span className={isTooLong ? 'error-text' : undefined}>
            {number.format(text.length)} of {number.format(MAX_TEXT_UNITS)}
          </span>
        )}
      </p>
    </form>
  );
}

/** As high as its text, up to the limit of the style sheet. */
function useHeightOfText(inputRef: RefObject<HTMLTextAreaElement | null>, text: string): void {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const input = inputRef.current;
    if (!input || typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(() => setWidth(input.clientWidth));
    observer.observe(input);
    return () => observer.disconnect();
  }, [inputRef]);
  useLayoutEffect(() => {
    const input = inputRef.current;
    if (!input) return;
    input.style.height = 'auto';
    input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
  }, [inputRef, text, width]);
}
