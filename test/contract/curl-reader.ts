import { startCurl, type CurlRequest } from './curl-request.ts';
import { SseReader } from './sse-reader.ts';
import type { Target } from './target.ts';

type Door = Pick<Target, 'httpUrl' | 'apiKey'>;

/** What names an answer at the doors. */
export interface AnswerName {
  readonly conversationId: string;
  readonly messageId: string;
}

const MOST_CONNECTIONS = 50;

/** Reads one answer over the HTTP door with the real curl, cut and resumed with `Last-Event-ID` as often as asked. */
export class CurlReader {
  /** What the whole events of all connections so far came to. */
  readonly received: SseReader;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  #running: CurlRequest | undefined;

  /** `running` is a connection that reads the answer from its beginning already. */
  constructor({ httpUrl, apiKey }: Door, { conversationId, messageId }: AnswerName, running?: CurlRequest) {
    this.#url = `${httpUrl}/conversations/${conversationId}/messages/${messageId}/events`;
    this.#headers = { 'x-api-key': apiKey };
    this.#running = running;
    this.received = new SseReader(this.#url, this.#headers);
  }

  /** Reads until the connection has so many units of text more, then cuts it by ending curl. */
  async readAndCut(units: number): Promise<void> {
    const request = this.#running ?? this.#connect();
    this.#running = undefined;
    const held = textIn(request);
    await request.received.when(() => textIn(request) >= held + units, `${units} units`);
    request.cut();
    this.received.take((await request.finished).body);
  }

  /** Reads on until END, with the cursor after each body that ended without it. */
  async readToEnd(): Promise<void> {
    for (let connections = 0; connections < MOST_CONNECTIONS; connections += 1) {
      const request = this.#running ?? this.#connect();
      this.#running = undefined;
      this.received.take((await request.finished).body);
      if (this.received.end) return;
    }
    throw new Error(`No END on ${MOST_CONNECTIONS} connections`);
  }

  #connect(): CurlRequest {
    const { cursor } = this.received;
    return startCurl(
      this.#url,
      ...headerWords({ ...this.#headers, ...(cursor === '' ? {} : { 'last-event-id': cursor }) }),
    );
  }
}

/** Starts an answer with curl, and resolves with its reader once it is under way. */
export async function startWithCurl(
  door: Door,
  body: { readonly text: string; readonly conversationId: string },
): Promise<{ readonly message: AnswerName; readonly reader: CurlReader }> {
  const request = startCurl(
    `${door.httpUrl}/chat`,
    ...headerWords({ 'x-api-key': door.apiKey, 'content-type': 'application/json' }),
    ...['-d', JSON.stringify(body)],
  );
  await request.received.when(() => textIn(request) > 50, 'fifty units');
  const messageId = /x-message-id: (\S+)/i.exec(request.received.items.join(''))?.[1] ?? '';
  const message = { conversationId: body.conversationId, messageId };
  return { message, reader: new CurlReader(door, message, request) };
}

const headerWords = (headers: Record<string, string>) =>
  Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);

/** Units of text in the whole events of what a connection received. */
function textIn({ received }: CurlRequest): number {
  const lines = received.items.join('').split('\n\n').slice(0, -1).join('\n').split('\n');
  return lines
    .filter((line) => line.startsWith('data: '))
    .reduce((sum, line) => sum + (JSON.parse(line.slice(6)) as { text: string }).text.length, 0);
}
