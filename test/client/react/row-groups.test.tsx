import { cleanup, render } from '@testing-library/react';
import { StrictMode, useEffect } from 'react';
import { afterEach, describe, expect, it } from 'vitest';
import { RowGroups } from '../../../client/react/index.ts';

afterEach(cleanup);

function shownList(first: readonly string[]) {
  const mounted: string[] = [];
  function Row({ name }: { name: string }) {
    useEffect(() => void mounted.push(name), [name]);
    return <li>{name}</li>;
  }
  const list = (names: readonly string[]) => (
    <ol>
      <RowGroups>
        {names.map((name) => (
          <Row key={name} name={name} />
        ))}
      </RowGroups>
    </ol>
  );
  const { container, rerender } = render(list(first));
  return {
    mounted,
    show: (names: readonly string[]) => rerender(list(names)),
    shown: () => [...container.querySelectorAll('ol > li')].map(({ textContent }) => textContent),
  };
}
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

describe('RowGroups', () => {
  it('adds nothing to the document', () => {
    const { shown } = shownList(numbered(0, 300));

    expect(shown()).toEqual(numbered(0, 300));
  });

  it('mounts no row again when others come before, after and between, or go', () => {
    const { shown, show, mounted } = shownList(numbered(100, 200));
    for (const names of [
      numbered(50, 200),
      numbered(50, 201),
      numbered(0, 300),
      numbered(0, 300).filter((name) => name !== '150'),
    ]) {
      show(names);
      expect(shown()).toEqual(names);
    }

    expect(mounted.sort()).toEqual(numbered(0, 300).sort());
  });

  it('grows from nothing', () => {
    const { shown, show } = shownList([]);
    for (let count = 1; count < 40; count += 1) show(numbered(0, count));

    expect(shown()).toEqual(numbered(0, 39));
  });

  it('renders in strict mode', () => {
    const { container } = render(<RowGroups>{[<i key="a">a</i>, <i key="b">b</i>]}</RowGroups>, {
      wrapper: StrictMode,
    });

    expect(container.innerHTML).toBe('<i>a</i><i>b</i>');
  });
});
