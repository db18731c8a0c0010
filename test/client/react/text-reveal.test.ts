import { describe, expect, it } from 'vitest';
import type { Animation } from '../../../client/react/animation.ts';
import { TextReveal, type RevealedMessage } from '../../../client/react/text-reveal.ts';

/** Frames that come when told. */
class ManualAnimation implements Animation {
  isMoving = true;
  readonly frames = new Set<() => void>();
  readonly listeners = new Set<() => void>();
  #now = 0;

  readonly now = () => this.#now;
  readonly isAllowed = () => this.isMoving;

  nextFrame(run: () => void): () => void {
    this.frames.add(run);
    return () => void this.frames.delete(run);
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Lets time pass, then shows one frame. */
  frameAfter(ms: number): void {
    this.#now += ms;
    const due = [...this.frames];
    this.frames.clear();
    for (const run of due) run();
  }

  /** Lets time pass without a frame. */
  pass(ms: number): void {
    this.#now += ms;
  }

  allow(isMoving: boolean): void {
    this.isMoving = isMoving;
    for (const listener of [...this.listeners]) listener();
  }
}

function shownRow(first: RevealedMessage) {
  const animation = new ManualAnimation();
  const reveal = new TextReveal(first, animation);
  const told: string[] = [];
  let message = first;
  const listen = () => reveal.subscribe(() => told.push(reveal.shown(message)));
  const stop = listen();
  return {
    animation,
    told,
    stop,
    listen,
    shown: () => reveal.shown(message),
    /** As React does it: what a render shows, then the effect; answers what the render showed. */
    render: (next: RevealedMessage) => {
      message = next;
      const shown = reveal.shown(next);
      reveal.aim(next);
      return shown;
    },
  };
}

describe('TextReveal', () => {
  it('shows text that is there at mount at once, and asks for no frame', () => {
    const row = shownRow({ text: 'Hello', nextWithinMs: 1_000 });

    expect(row.render({ text: 'Hello', nextWithinMs: 1_000 })).toBe('Hello');
    expect(row.animation.frames.size).toBe(0);
  });

  it('shows a batch frame by frame, then asks for no more frames', () => {
    const row = shownRow({ text: '', nextWithinMs: 0 });

    expect(row.render({ text: 'Hello', nextWithinMs: 100 })).toBe('');
    for (let frame = 0; frame < 5; frame += 1) row.animation.frameAfter(20);

    expect(row.told).toEqual(['H', 'He', 'Hel', 'Hell', 'Hello']);
    expect(row.animation.frames.size).toBe(0);
    expect(row.animation.listeners.size).toBe(0);
  });

  it('tells nobody of a batch before its first frame', () => {
    const row = shownRow({ text: '', nextWithinMs: 0 });
    row.render({ text: 'Hello', nextWithinMs: 100 });
    row.animation.frameAfter(40);
    row.animation.pass(20);

    row.render({ text: 'Hello there', nextWithinMs: 100 });

    expect(row.told).toEqual(['He']);
  });

  it('never takes back what it showed, nor animates it again', () => {
    const row = shownRow({ text: '', nextWithinMs: 0 });
    row.render({ text: 'Hello', nextWithinMs: 100 });
    row.animation.frameAfter(100);

    expect(row.render({ text: 'Hello there', nextWithinMs: 100 })).toBe('Hello');
    row.animation.frameAfter(50);
    expect(row.shown()).toBe('Hello th');
    expect(row.animation.frames.size).toBe(1);
  });

  it.each([
    ['a catch-up', { text: 'Hello there, you', nextWithinMs: 0 }],
    ['a cut', { text: 'Hell', nextWithinMs: 100 }],
    ['a correction', { text: 'Help is near', nextWithinMs: 100 }],
  ])('shows %s at once, in the render that brings it', (_case, next) => {
    const row = shownRow({ text: 'Hello', nextWithinMs: 0 });
    row.render({ text: 'Hello there', nextWithinMs: 100 });
    row.animation.frameAfter(20);

    expect(row.render(next)).toBe(next.text);
    expect(row.shown()).toBe(next.text);
    expect(row.animation.frames.size).toBe(0);
  });

  it('goes on from a text that was shown at once', () => {
    const row = shownRow({ text: '', nextWithinMs: 0 });
    row.render({ text: 'Hello', nextWithinMs: 0 });

    expect(row.render({ text: 'Hello there', nextWithinMs: 60 })).toBe('Hello');
    row.animation.frameAfter(60);
    expect(row.shown()).toBe('Hello there');
  });

  it('asks for no frame where nothing may move', () => {
    const row = shownRow({ text: '', nextWithinMs: 0 });
    row.animation.allow(false);

    expect(row.render({ text: 'Hello', nextWithinMs: 100 })).toBe('Hello');
    expect(row.shown()).toBe('Hello');
    expect(row.animation.frames.size).toBe(0);
  });

  it('shows everything as soon as nothing may move any more', () => {
    const row = shownRow({ text: '', nextWithinMs: 0 });
    row.render({ text: 'Hello', nextWithinMs: 100 });
    row.animation.frameAfter(20);

    row.animation.allow(false);

    expect(row.told).toEqual(['H', 'Hello']);
    expect(row.animation.frames.size).toBe(0);
  });

  it('has one frame asked for, however many batches come without one', () => {
    const row = shownRow({ text: '', nextWithinMs: 0 });
    for (let length = 1; length <= 50; length += 1) {
      row.animation.pass(10);
      row.render({ text: 'x'.repeat(length), nextWithinMs: 1_000 });
    }

    expect(row.animation.frames.size).toBe(1);
    row.animation.frameAfter(1_000);
    expect(row.shown()).toBe('x'.repeat(50));
  });

  it('stops its frames when unheard, and shows what waited when it is heard again', () => {
    const row = shownRow({ text: '', nextWithinMs: 0 });
    row.render({ text: 'Hello', nextWithinMs: 100 });
    row.stop();
    expect(row.animation.frames.size).toBe(0);
    expect(row.animation.listeners.size).toBe(0);

    row.listen();
    row.animation.frameAfter(500);

    expect(row.shown()).toBe('Hello');
  });
});
