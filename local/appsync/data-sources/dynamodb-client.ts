import { Agent, request as httpRequest } from 'node:http';
import type { Principal } from '../../iam/index.ts';

/** The database refused: `code` is DynamoDB's exception name without its prefix. */
export class DynamoDbError extends Error {
  override readonly name = 'DynamoDbError';
  readonly code: string;
  readonly requestId: string;

  constructor(code: string, message: string, requestId: string) {
    super(message);
    this.code = code;
    this.requestId = requestId;
  }
}

/** Sends DynamoDB operations over one pool of kept-alive connections. */
export interface DynamoDbClient {
  /** Rejects with `DynamoDbError` for every refusal; other errors are failures of the connection. */
  send(operation: string, input: object, principal: Principal): Promise<Record<string, unknown>>;
  close(): void;
}

/**
 * A client for the local database. It does not sign: the database process looks up the caller by the access key in the
 * credential scope and evaluates its policies.
 */
export function createDynamoDbClient(endpoint: string, region: string): DynamoDbClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const { hostname, port } = new URL(endpoint);
  return {
    send(operation, input, principal) {
      const body = Buffer.from(JSON.stringify(input));
      const amzDate = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
      const scope = `${amzDate.slice(0, 8)}/${region}/dynamodb/aws4_request`;
      return new Promise((resolve, reject) => {
        const call = httpRequest(
          {
            agent,
            hostname,
            port,
            method: 'POST',
            path: '/',
            headers: {
              'content-type': 'application/x-amz-json-1.0',
              'content-length': body.length,
              'x-amz-target': `DynamoDB_20120810.${operation}`,
              'x-amz-date': amzDate,
              'x-amz-security-token': principal.sessionToken,
              authorization: `AWS4-HMAC-SHA256 Credential=${principal.accessKeyId}/${scope}, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
              try {
                const text = Buffer.concat(chunks).toString();
                const answer = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
                if (response.statusCode === 200) resolve(answer);
                else reject(toError(answer, String(response.headers['x-amzn-requestid'] ?? '')));
              } catch (cause) {
                reject(cause instanceof Error ? cause : new Error(String(cause)));
              }
            });
          },
        );
        call.on('error', reject);
        call.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}

function toError(answer: Record<string, unknown>, requestId: string): DynamoDbError {
  const code = textOf(answer['__type']) ?? 'InternalServerError';
  const message = textOf(answer['message']) ?? textOf(answer['Message']) ?? '';
  return new DynamoDbError(code.slice(code.lastIndexOf('#') + 1), message, requestId);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
