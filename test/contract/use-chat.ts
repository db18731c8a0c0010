import { AbstractChat, type ChatInit, type ChatStatus, type UIMessage } from 'ai-v7';
import { useState, useSyncExternalStore } from 'react';

/** What changes in a chat. */
interface Snapshot {
  readonly status: ChatStatus;
  readonly error: Error | undefined;
  readonly messages: UIMessage[];
}

/** A chat that tells when it changed. */
class WatchedChat extends AbstractChat<UIMessage> {
  readonly watch: (listener: () => void) => () => void;
  readonly snapshot: () => Snapshot;

  constructor(init: ChatInit<UIMessage>) {
    let now: Snapshot = { status: 'ready', error: undefined, messages: init.messages ?? [] };
    const listeners = new Set<() => void>();
    const change = (changed: Partial<Snapshot>) => {
      now = { ...now, ...changed };
      for (const listener of listeners) listener();
    };
    const state = {
      get status() {
        return now.status;
      },
      set status(status) {
        change({ status });
      },
      get error() {
        return now.error;
      },
      set error(error) {
        change({ error });
      },
      get messages() {
        return now.messages;
      },
      set messages(messages) {
        change({ messages });
      },
      pushMessage: (message: UIMessage) => change({ messages: [...now.messages, message] }),
      popMessage: () => change({ messages: now.messages.slice(0, -1) }),
      replaceMessage: (index: number, message: UIMessage) =>
        change({ messages: now.messages.with(index, structuredClone(message)) }),
      snapshot: <Value>(value: Value) => structuredClone(value),
    };
    super({ ...init, state });
    this.watch = (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    };
    this.snapshot = () => now;
  }
}

/**
 * The part of `@ai-sdk/react` that the recipe uses, over the chat of the `ai` package itself; that package is no dependency
 * here.
 */
export function useChat(init: ChatInit<UIMessage>) {
  const [chat] = useState(() => new WatchedChat(init));
  const { sendMessage } = chat;
  return { ...useSyncExternalStore(chat.watch, chat.snapshot), sendMessage };
}
