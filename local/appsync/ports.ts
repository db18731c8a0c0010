import type { Principal } from '../iam/index.ts';

/** Claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>;

/** What became of a bearer token. `malformed`: not a JWT; `expired`: right but old; `refused`: anything else. */
export type TokenVerdict =
  { ok: true; claims: Claims } | { ok: false; reason: 'malformed' | 'expired' | 'refused' };

/** Verifies a Cognito token against the API's user pools. Answers, never rejects. */
export type VerifyToken = (token: string) => Promise<TokenVerdict>;

/** A call of a Lambda function by a data source. `principal` is the data source's role, whose policies decide. */
export interface LambdaCall {
  functionArn: string;
  invocationType: 'RequestResponse' | 'Event';
  payload: unknown;
  principal: Principal;
}

/** What a function answered. `functionError` is set when the function failed; an `Event` call answers `payload: null`. */
export interface LambdaAnswer {
  payload: unknown;
  functionError?: { errorType: string; errorMessage: string };
}

/** Invokes a function. Rejects with `AccessDeniedError` when the principal lacks `lambda:InvokeFunction`. */
export type InvokeLambda = (call: LambdaCall) => Promise<LambdaAnswer>;

/** One line for the operator of the local stack. Never message text, never a credential. */
export type LogLine = (line: string) => void;
