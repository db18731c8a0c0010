/** Holds a conversation that has come to rest against what must be true of it. Pure. */
import type { Message } from '../../protocol/generated/schema-types.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import type { Prompt } from './drawn-prompt.ts';
import { unexplained, type SeenEnding } from './fault-kinds.ts';
import type { PromptRequests } from './model-requests.ts';
import { sha256, type ShownAnswers } from './shown-answers.ts';
import type { SseAnswer } from './sse-answer.ts';

/** What was asked for under one `clientMessageId`. */
export interface Request {
  readonly kind: 'send' | 'regenerate';
  readonly clientMessageId: string;
  readonly prompt: Prompt;
  /** The ids that repeats were answered. */
  readonly messageIds: ReadonlySet<string>;
}

/** What an HTTP reader made of an answer. */
export interface Reading {
  readonly messageId: string;
  readonly answer: Pick<SseAnswer, 'text' | 'problems'>;
}

/** What was seen of a conversation that is deleted. */
export interface SeenEvidence {
  readonly requests: readonly Request[];
  readonly shown: readonly ShownAnswers[];
  readonly readings: readonly Reading[];
  /** Every end that was seen, of each attempt. */
  readonly endings: readonly SeenEnding[];
}

/** What a conversation came to. */
export interface Evidence extends SeenEvidence {
  readonly stored: readonly Message[];
  /** Undefined when somebody else asked the same. */
  readonly modelRequests: (prompt: string) => PromptRequests | undefined;
}

/** Requests of one attempt: the first and one retry, as one model is configured. */
const REQUESTS_PER_ATTEMPT = 2;

/** Everything that is wrong, each with the invariant it breaks; empty when nothing is. */
export function judge(evidence: Evidence): readonly string[] {
  const { requests, stored, shown, readings } = evidence;
  const answers = stored.filter(({ role }) => role === 'ASSISTANT');
  const problems = [...seenProblems(evidence)];
  const wanted = requests.length + requests.filter(({ kind }) => kind === 'send').length;
  if (stored.length !== wanted)
    problems.push(`${stored.length} messages are stored for ${wanted} that were asked for (I5)`);
  for (const request of requests) {
    const own = answers.filter(({ clientMessageId }) => clientMessageId === request.clientMessageId);
    if (own.length !== 1 || request.messageIds.size > 1)
      problems.push(`${request.clientMessageId} made ${own.length} answers (I5)`);
    for (const answer of own) {
      problems.push(...answerProblems(answer, request.prompt.answer));
      for (const client of shown)
        problems.push(...client.against(answer.id, request.prompt.answer, answer.text));
      for (const reading of readings.filter(({ messageId }) => messageId === answer.id))
        if (reading.answer.text !== answer.text)
          problems.push(`${answer.id} reads another text over HTTP (I2)`);
    }
  }
  for (const prompt of new Set(requests.map((request) => request.prompt.text))) {
    const ids = new Set(requests.filter((r) => r.prompt.text === prompt).map((r) => r.clientMessageId));
    const attempts = answers
      .filter(({ clientMessageId }) => ids.has(clientMessageId ?? ''))
      .reduce((sum, { attempt }) => sum + attempt, 0);
    problems.push(...modelProblems(prompt, attempts, evidence.modelRequests(prompt)));
  }
  return [...new Set(problems)];
}

/** What is wrong with what was seen of a conversation that is deleted, whatever was stored of it. */
export function judgeDeleted(evidence: SeenEvidence): readonly string[] {
  const problems = [...seenProblems(evidence)];
  for (const { clientMessageId, messageIds, prompt } of evidence.requests) {
    if (messageIds.size > 1) problems.push(`${clientMessageId} made ${messageIds.size} answers (I5)`);
    for (const id of messageIds)
      for (const client of evidence.shown) problems.push(...client.against(id, prompt.answer, prompt.answer));
  }
  return [...new Set(problems)];
}

function seenProblems({ shown, readings, endings }: SeenEvidence): readonly string[] {
  return [
    ...shown.flatMap((client) => client.problems),
    ...readings.flatMap(({ answer }) => answer.problems),
    ...endings.map(unexplained).filter((problem) => problem !== undefined),
  ];
}

function answerProblems({ id, status, text, end }: Message, answer: string): string[] {
  const problems: string[] = [];
  if (!isTerminal(status) || !end) return [`${id} is ${status} for ever (I3)`];
  if (status === 'COMPLETE' && text !== answer)
    problems.push(`${id} is COMPLETE with another text than the model's`);
  if (!answer.startsWith(text)) problems.push(`${id} has a text that is no beginning of the model's (I10)`);
  if (end.length !== text.length || end.sha256 !== sha256(text))
    problems.push(`${id} has a receipt that does not fit its text (I6)`);
  return problems;
}

function modelProblems(prompt: string, attempts: number, asked: PromptRequests | undefined): string[] {
  if (!asked) return [];
  const isFine = asked.answered <= attempts && asked.all <= attempts * REQUESTS_PER_ATTEMPT;
  if (isFine) return [];
  const what = `${asked.all} requests to the model, ${asked.answered} of them answered, for ${attempts} attempts`;
  return [`${what} (I5): ${JSON.stringify(prompt.slice(0, 60))}`];
}
