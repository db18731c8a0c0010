import type { ChatError } from '../protocol/errors.ts';
import type { ChatMessage } from './snapshot.ts';

interface Watcher {
  readonly messageId: string;
  readonly attempt: number;
  readonly resolve: (message: ChatMessage) => void;
  readonly reject: (error: ChatError) => void;
}

/** Whoever waits for the end of an answer. */
export class Watchers {
  #watchers: Watcher[] = [];
  #rejection: ChatError | undefined;

  /**
   * Resolves with the message once `attempt` or a later one has ended. Rejections that nobody handles stay silent: a
   * caller may well ignore how an answer ends.
   */
  watch(messageId: string, attempt: number): Promise<ChatMessage> {
    const promise = new Promise<ChatMessage>((resolve, reject) => {
      if (this.#rejection) reject(this.#rejection);
      else this.#watchers.push({ messageId, attempt, resolve, reject });
    });
    promise.catch(() => undefined);
    return promise;
  }

  /** Resolves those whose message has its receipt. */
  look(find: (messageId: string) => ChatMessage | undefined): void {
    this.#watchers = this.#watchers.filter(({ messageId, attempt, resolve }) => {
      const message = find(messageId);
      if (!message?.end || message.attempt < attempt) return true;
      resolve(message);
      return false;
    });
  }

  /** Rejects everyone, and whoever comes later. */
  reject(error: ChatError): void {
    this.#rejection = error;
    for (const watcher of this.#watchers.splice(0)) watcher.reject(error);
  }
}
