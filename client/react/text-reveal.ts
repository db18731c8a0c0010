import { isRevealing, revealedUnits, revealedWhole, revealTowards, type Reveal } from '../reveal.ts';
import type { ChatMessage } from '../snapshot.ts';
import type { Animation } from './animation.ts';

/** What a reveal is about. */
export type RevealedMessage = Pick<ChatMessage, 'text' | 'nextWithinMs'>;

/**
 * What one row shows of its message, as a store: `shown` is pure in the message, `aim` starts the frames. Frames run only
 * while text waits, one at a time, and only while somebody listens.
 */
export class TextReveal {
  readonly #animation: Animation;
  #reveal: Reveal;
  /** What the last frame showed; frames alone change it, so that a render in between sees the same. */
  #shown: string;
  #listener: (() => void) | undefined;
  #stop: (() => void) | undefined;

  /** Text that is there already is shown at once. */
  constructor(message: RevealedMessage, animation: Animation) {
    this.#animation = animation;
    this.#reveal = revealedWhole(message.text, animation.now());
    this.#shown = message.text;
  }

  /** Hears of frames; one listener. The result ends it, and the frames: text that waits is shown when heard again. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listener = listener;
    this.#run();
    return () => {
      this.#listener = undefined;
      this.#halt();
    };
  };

  /** What to show of a message that may be newer than the one aimed at: a new text that may move waits for `aim`. */
  shown(message: RevealedMessage): string {
    const { text } = this.#reveal;
    if (message.text === text) return this.#shown;
    const isWaiting =
      message.nextWithinMs > 0 && message.text.startsWith(text) && this.#animation.isAllowed();
    return isWaiting ? this.#shown : message.text;
  }

  /** Goes for the text of a message. */
  aim(message: RevealedMessage): void {
    const now = this.#animation.now();
    this.#reveal = this.#animation.isAllowed()
      ? revealTowards(this.#reveal, message.text, message.nextWithinMs, now)
      : revealedWhole(message.text, now);
    // While it runs only frames show more, so that a batch renders its row once before them.
    if (isRevealing(this.#reveal, now)) this.#run();
    else this.#finish();
  }

  #run(): void {
    if (this.#stop || !this.#listener || this.#shown === this.#reveal.text) return;
    const frame = () => {
      const now = this.#animation.now();
      if (isRevealing(this.#reveal, now)) {
        this.#show(now);
        cancelFrame = this.#animation.nextFrame(frame);
      } else this.#finish();
    };
    let cancelFrame = this.#animation.nextFrame(frame);
    const stopListening = this.#animation.listen(() => {
      if (!this.#animation.isAllowed()) this.#finish();
    });
    this.#stop = () => {
      cancelFrame();
      stopListening();
    };
  }

  /** Everything at once: from here on nothing moves. */
  #finish(): void {
    const now = this.#animation.now();
    this.#reveal = revealedWhole(this.#reveal.text, now);
    this.#halt();
    this.#show(now);
  }

  #halt(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #show(now: number): void {
    const { text } = this.#reveal;
    const shown = text.slice(0, revealedUnits(this.#reveal, now));
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#listener?.();
  }
}
