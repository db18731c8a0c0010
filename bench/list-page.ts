import { createElement, Profiler, type ReactElement } from 'react';
import type { Root } from 'react-dom/client';
import type { ChatClient, ChatMessage } from '../client/index.ts';
import {
  ChatProvider,
  RowGroups,
  useMessage,
  useMessageIds,
  useRevealedText,
} from '../client/react/index.ts';

/** What rendered since it was asked last. */
export interface Rendered {
  /** `actualDuration` of everything on the page, by React's Profiler. */
  readonly milliseconds: number;
  /** Renders of rows, by any cause. */
  readonly rows: number;
  /** Renders of the list itself. */
  readonly lists: number;
}

/** A page with one conversation: a list that selects ids, rows that select their message and reveal its text. */
export interface ListPage {
  /** Reads the counters and sets them back. */
  take(): Rendered;
  /** What the newest row shows. */
  newestText(): string;
  unmount(): void;
}

/** Renders the page into an element. */
export function showListPage(root: Root, element: Element, chat: ChatClient): ListPage {
  let [milliseconds, rows, lists] = [0, 0, 0];

  function Row({ messageId }: { readonly messageId: string }): ReactElement | null {
    const message = useMessage('bench', messageId);
    return message ? createElement(Text, { message }) : null;
  }
  function Text({ message }: { readonly message: ChatMessage }): ReactElement {
    rows += 1;
    return createElement('li', null, createElement('p', null, useRevealedText(message)));
  }
  function List(): ReactElement {
    lists += 1;
    const rowOf = (id: string) => createElement(Row, { key: id, messageId: id });
    return createElement(
      'ul',
      null,
      createElement(RowGroups, { children: useMessageIds('bench').map(rowOf) }),
    );
  }

  const onRender = (_id: string, _phase: string, actualDuration: number) => {
    milliseconds += actualDuration;
  };
  root.render(
    createElement(ChatProvider, {
      client: chat,
      children: createElement(Profiler, { id: 'page', onRender }, createElement(List)),
    }),
  );
  return {
    take() {
      const taken = { milliseconds, rows, lists };
      [milliseconds, rows, lists] = [0, 0, 0];
      return taken;
    },
    newestText: () => element.querySelector('li:last-child')?.textContent ?? '',
    unmount: () => root.unmount(),
  };
}
