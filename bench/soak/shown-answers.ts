/** What one client showed, snapshot after snapshot, and what of it must not have been. Pure but for the hash. */
import { createHash } from 'node:crypto';
import type { ChatMessage } from '../../client/index.ts';
import { isTerminal, statusRank } from '../../protocol/sequence.ts';
import { ALTERED } from './drawn-prompt.ts';

/** SHA-256 of a text in UTF-8, lower-case hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** What is remembered of one answer. */
interface Shown {
  last: ChatMessage;
  /** The longest text without an altered character: all others were its beginnings. */
  longest: string;
  /** Texts with altered characters, to be compared once the answer is known. */
  readonly altered: string[];
}

/** Text compared but for altered characters. */
function isBeginning(shown: string, whole: string): boolean {
  if (!shown.includes(ALTERED)) return whole.startsWith(shown);
  if (shown.length > whole.length) return false;
  for (let index = 0; index < shown.length; index += 1) {
    if (shown[index] !== whole[index] && shown[index] !== ALTERED) return false;
  }
  return true;
}

const brief = ({ id, status, attempt, text }: ChatMessage) =>
  `${id} ${status} attempt ${attempt}, ${text.length} units`;

/**
 * The answers one client shows from its opening to its end. Between two snapshots a text only grows (nothing logged is ever cut), what is
 * terminal stays but for a further attempt of an interrupted answer, and a receipt agrees with its text (I1, I3, I6).
 */
export class ShownAnswers {
  readonly #answers = new Map<string, Shown>();
  readonly #problems: string[] = [];

  /** What was wrong so far. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Takes an answer as a snapshot has it. */
  look(message: ChatMessage): void {
    const known = this.#answers.get(message.id);
    if (known?.last === message) return;
    if (known) this.#compare(known.last, message);
    const shown = known ?? { last: message, longest: '', altered: [] };
    shown.last = message;
    this.#answers.set(message.id, shown);
    if (message.text.includes(ALTERED)) shown.altered.push(message.text);
    else if (message.text.startsWith(shown.longest)) shown.longest = message.text;
    else if (!shown.longest.startsWith(message.text))
      this.#problems.push(`shows two texts of one answer (I1): ${brief(message)}`);
    this.#checkReceipt(message);
  }

  /** What of all that was shown is not a beginning of the model's answer (I1) or missing in what is stored (I7). */
  against(messageId: string, answer: string, stored: string): readonly string[] {
    const shown = this.#answers.get(messageId);
    if (!shown) return [];
    const problems: string[] = [];
    for (const text of [shown.longest, ...shown.altered]) {
      if (!isBeginning(text, answer)) problems.push(`shown is no beginning of the answer (I1): ${messageId}`);
    }
    if (!stored.startsWith(shown.longest)) {
      const lengths = `${shown.longest.length} units of ${stored.length}`;
      problems.push(`shown is no beginning of what is stored (I7), ${lengths}: ${messageId}`);
    }
    return problems;
  }

  #compare(before: ChatMessage, after: ChatMessage): void {
    const [from, to] = [before, after].map(({ attempt, status }) => attempt * 3 + statusRank(status)) as [
      number,
      number,
    ];
    const change = `${brief(before)} -> ${brief(after)}`;
    if (to < from) this.#problems.push(`goes back in time (I3): ${change}`);
    if (!isTerminal(before.status) || before.attempt === 0) return;
    const isContinued = before.status === 'INTERRUPTED' && after.attempt > before.attempt;
    const isSame = before.status === after.status && before.text === after.text;
    if (!isContinued && !isSame) this.#problems.push(`leaves a terminal state (I3): ${change}`);
  }

  #checkReceipt(message: ChatMessage): void {
    const { status, end, text } = message;
    if (isTerminal(status) !== (end !== null))
      this.#problems.push(`status and receipt disagree: ${brief(message)}`);
    if (end && (end.length !== text.length || end.sha256 !== sha256(text)))
      this.#problems.push(`the receipt does not fit the text (I6): ${brief(message)}`);
  }
}
