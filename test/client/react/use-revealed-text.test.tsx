import { act, cleanup, render } from '@testing-library/react';
import { StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChatMessage } from '../../../client/index.ts';
import { useRevealedText } from '../../../client/react/index.ts';
import { shownMessage } from '../shown-message.ts';

/** The window as the hook sees it: frames that come when told, a visibility and a preference. */
let now = 0;
let visibility: DocumentVisibilityState = 'visible';
let serial = 0;
const frames = new Map<number, () => void>();
let reducedMotion: EventTarget & { matches: boolean };

beforeEach(() => {
  now = 0;
  visibility = 'visible';
  frames.clear();
  reducedMotion = Object.assign(new EventTarget(), { matches: false });
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
  vi.stubGlobal('matchMedia', (query: string) => {
    expect(query).toBe('(prefers-reduced-motion: reduce)');
    return reducedMotion;
  });
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => {
    frames.set(++serial, run);
    return serial;
  });
  vi.stubGlobal('cancelAnimationFrame', (frame: number) => frames.delete(frame));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function frameAt(time: number): void {
  now = time;
  const due = [...frames.values()];
  frames.clear();
  act(() => due.forEach((run) => run()));
}

const message = (text: string, nextWithinMs = 1_000) =>
  shownMessage({ id: 'm1-1', text, status: 'STREAMING', nextWithinMs });

function Row({ message: shown }: { message: ChatMessage }) {
  return <p>{useRevealedText(shown)}</p>;
}

/** A row in strict mode, with what it shows now. */
function row(first: ChatMessage) {
  const { container, rerender, unmount } = render(<Row message={first} />, { wrapper: StrictMode });
  return {
    unmount,
    shown: () => container.textContent,
    update: (next: ChatMessage) => rerender(<Row message={next} />),
  };
}

describe('useRevealedText', () => {
  it('shows a batch over the time that it announced', () => {
    const { shown, update } = row(message(''));
    update(message('0123456789'));
    expect(shown()).toBe('');

    frameAt(200);
    expect(shown()).toBe('01');
    frameAt(500);
    expect(shown()).toBe('01234');
    frameAt(1_000);
    expect(shown()).toBe('0123456789');
    expect(frames.size).toBe(0);
  });

  it('shows text that is there at mount at once, also when the row is mounted again while the answer runs', () => {
    const first = row(message('Hello'));
    expect(first.shown()).toBe('Hello');
    first.update(message('Hello there'));
    first.unmount();

    const second = row(message('Hello there'));
    expect(second.shown()).toBe('Hello there');
    second.update(message('Hello there, you'));
    expect(second.shown()).toBe('Hello there');
    frameAt(1_000);
    expect(second.shown()).toBe('Hello there, you');
  });

  it('does not animate a settled text when its message is told again', () => {
    const { shown, update } = row(message('Hello'));
    update({ ...message('Hello', 0), status: 'COMPLETE', createdAt: '2026-01-01T00:00:00.000Z' });

    expect(shown()).toBe('Hello');
    expect(frames.size).toBe(0);
  });

  it('shows at once what was caught up, cut or corrected', () => {
    const { shown, update } = row(message('Hello'));
    update(message('Hello there', 0));
    expect(shown()).toBe('Hello there');
    update(message('Hello'));
    expect(shown()).toBe('Hello');
    update(message('Help yourself'));
    expect(shown()).toBe('Help yourself');
    expect(frames.size).toBe(0);
  });

  it('does not move under reduced motion', () => {
    reducedMotion.matches = true;
    const { shown, update } = row(message(''));
    update(message('Hello'));

    expect(shown()).toBe('Hello');
    expect(frames.size).toBe(0);
  });

  it('stops moving when reduced motion is asked for, and moves when it no longer is', () => {
    const { shown, update } = row(message(''));
    update(message('Hello'));
    frameAt(400);
    expect(shown()).toBe('He');

    reducedMotion.matches = true;
    act(() => void reducedMotion.dispatchEvent(new Event('change')));
    expect(shown()).toBe('Hello');

    reducedMotion.matches = false;
    update(message('Hello there'));
    expect(shown()).toBe('Hello');
    frameAt(1_400);
    expect(shown()).toBe('Hello there');
  });

  it('shows everything in a hidden tab, which has no frames, and piles up none', () => {
    const { shown, update } = row(message(''));
    update(message('Hello'));
    expect(frames.size).toBe(1);

    visibility = 'hidden';
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
    expect(shown()).toBe('Hello');
    expect(frames.size).toBe(0);
    for (const text of ['Hello t', 'Hello the', 'Hello there']) update(message(text));

    expect(shown()).toBe('Hello there');
    expect(frames.size).toBe(0);
  });

  it('shows everything where there are no frames', () => {
    vi.stubGlobal('requestAnimationFrame', undefined);
    const { shown, update } = row(message(''));
    update(message('Hello'));

    expect(shown()).toBe('Hello');
  });

  it('moves where nobody can say whether motion is reduced', () => {
    vi.stubGlobal('matchMedia', undefined);
    const { shown, update } = row(message(''));
    update(message('Hello'));
    frameAt(400);

    expect(shown()).toBe('He');
  });

  it('shows everything on a server', () => {
    expect(renderToString(<Row message={message('Hello')} />)).toBe('<p>Hello</p>');
  });

  it('asks for no more frames once unmounted', () => {
    const { update, unmount } = row(message(''));
    update(message('Hello'));
    unmount();
    frameAt(100);

    expect(frames.size).toBe(0);
  });
});
