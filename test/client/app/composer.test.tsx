import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { useRef, useState } from 'react';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Composer } from '../../../client/app/components/composer.tsx';
import { MAX_TEXT_UNITS } from '../../../protocol/limits.ts';

function composer({ isAnswering = false } = {}) {
  const onSend = vi.fn();
  const onStop = vi.fn();
  function Holder() {
    const [text, setText] = useState('');
    return (
      <Composer
        inputRef={useRef(null)}
        text={text}
        onText={setText}
        onSend={onSend}
        isAnswering={isAnswering}
        onStop={onStop}
        label="Offline model"
      />
    );
  }
  render(<Holder />);
  onTestFinished(cleanup);
  const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message' });
  return {
    box,
    onSend,
    onStop,
    type: (value: string) => fireEvent.change(box, { target: { value } }),
    /** Answers whether the browser would go on with the key: a new line, a composition. */
    press: (key: string, more: KeyboardEventInit = {}) => fireEvent.keyDown(box, { key, ...more }),
  };
}

describe('the composer', () => {
  it('sends with Enter', () => {
    const { type, press, onSend } = composer();
    type('  hello ');
    expect(press('Enter')).toBe(false);
    expect(onSend.mock.calls).toEqual([['  hello ']]);
  });

  it('leaves Shift+Enter to the browser: a new line', () => {
    const { type, press, onSend } = composer();
    type('one');
    expect(press('Enter', { shiftKey: true })).toBe(true);
    expect(onSend).not.toHaveBeenCalled();
  });

  it.each([
    ['isComposing', { isComposing: true }],
    ['key code 229', { keyCode: 229 }],
  ])('leaves Enter to an input method: %s', (_name, event) => {
    const { type, press, onSend } = composer();
    type('にほ');
    expect(press('Enter', event)).toBe(true);
    expect(onSend).not.toHaveBeenCalled();
  });

  it('leaves Enter and Escape to an input method between its events', () => {
    const { box, type, press, onSend, onStop } = composer({ isAnswering: true });
    type('にほ');
    fireEvent.compositionStart(box);
    press('Enter');
    press('Escape');
    expect([onSend, onStop].map((called) => called.mock.calls.length)).toEqual([0, 0]);
    fireEvent.compositionEnd(box);
    press('Enter');
    expect(onSend).toHaveBeenCalledTimes(1);
  });

  it('sends once while Enter is held', () => {
    const { type, press, onSend } = composer();
    type('once');
    press('Enter');
    press('Enter', { repeat: true });
    expect(onSend).toHaveBeenCalledTimes(1);
  });

  it.each(['', '  \n '])('sends nothing for %j', (text) => {
    const { type, press, onSend } = composer();
    type(text);
    press('Enter');
    expect(onSend).not.toHaveBeenCalled();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Send' }).disabled).toBe(true);
  });

  it('keeps a text that is too long, says so and sends nothing', () => {
    const { box, type, press, onSend } = composer();
    type('x'.repeat(MAX_TEXT_UNITS));
    expect(screen.queryByRole('alert')).toBeNull();
    type('x'.repeat(MAX_TEXT_UNITS + 1));
    press('Enter');
    expect(onSend).not.toHaveBeenCalled();
    expect(box.value).toHaveLength(MAX_TEXT_UNITS + 1);
    expect(box.getAttribute('aria-invalid')).toBe('true');
    expect(screen.getByRole('alert').textContent).toContain('at most 32,000 characters');
    expect(screen.getByText('32,001 of 32,000')).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Send' }).disabled).toBe(true);
  });

  it('has Stop in place of Send while an answer runs; Escape stops, Enter still sends', () => {
    const { type, press, onSend, onStop } = composer({ isAnswering: true });
    expect(screen.queryByRole('button', { name: 'Send' })).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Stop' }));
    press('Escape');
    expect(onStop).toHaveBeenCalledTimes(2);
    type('more');
    press('Enter');
    expect(onSend).toHaveBeenCalledTimes(1);
  });

  it('leaves Escape alone when nothing runs', () => {
    const { press, onStop } = composer();
    expect(press('Escape')).toBe(true);
    expect(onStop).not.toHaveBeenCalled();
  });
});
