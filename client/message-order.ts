import type { ChatMessage } from './snapshot.ts';

/** The stored messages, oldest first: the order of their ids, which sort by the time of their making. */
export class MessageOrder {
  #messages: readonly ChatMessage[] = [];

  /** The same list until a message is set that is not what it was. */
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  /** Puts a message in its place, or in that of the one with its id: a search by halves and one copy of the list. */
  set(message: ChatMessage): void {
    const index = this.#placeOf(message.id);
    const before = this.#messages[index];
    if (before === message) return;
    this.#messages = this.#messages.toSpliced(index, before?.id === message.id ? 1 : 0, message);
  }

  /** The first place whose id is not smaller. */
  #placeOf(id: string): number {
    let [low, high] = [0, this.#messages.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#messages[middle] as ChatMessage).id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
