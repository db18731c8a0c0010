import { evaluate } from '../iam/evaluate.ts';
import { denied, type Principal } from '../iam/principals.ts';
import { resourcesOf, type OperationInput } from './operations.ts';

/** The part of a principal that the check needs; it travels to the database process. */
export type DatabasePrincipal = Pick<Principal, 'accessKeyId' | 'arn' | 'statements'>;

/** An error in DynamoDB's wire form, sent with status 400. */
export interface Refusal {
  __type: string;
  message?: string;
  Message?: string;
}

/** Decides whether a request may reach the database. */
export interface AccessCheck {
  /** Undefined when allowed on every resource. Reads the access key only: the signature is not verified here. */
  refusalOf(authorization: string | undefined, operation: string, input: OperationInput): Refusal | undefined;
  /** ARN of the role a request comes under, '' when it comes under none. */
  callerOf(authorization: string | undefined): string;
  /** From the next request on these principals count and no others. */
  replacePrincipals(principals: readonly DatabasePrincipal[]): void;
}

/**
 * Creates the IAM check of the database over the policies of its callers; nothing is allowed to an unknown access key.
 *
 * The cost of a repeated request is a look-up: decisions are remembered per principal, action and resource.
 */
export function createAccessCheck(
  principals: readonly DatabasePrincipal[],
  arnOfTable: (name: string) => string,
): AccessCheck {
  let callers = new Map<string, Caller>();
  const replacePrincipals = (next: readonly DatabasePrincipal[]): void => {
    callers = new Map(next.map((principal) => [principal.accessKeyId, { principal, decisions: new Map() }]));
  };
  replacePrincipals(principals);

  return {
    replacePrincipals,
    callerOf: (authorization) => callers.get(accessKeyOf(authorization) ?? '')?.principal.arn ?? '',
    refusalOf(authorization, operation, input) {
      const accessKeyId = accessKeyOf(authorization);
      if (accessKeyId === undefined) {
        return {
          __type: 'com.amazon.coral.service#MissingAuthenticationTokenException',
          message: 'Request is missing Authentication Token',
        };
      }
      const caller = callers.get(accessKeyId);
      if (caller === undefined) {
        return {
          __type: 'com.amazon.coral.service#UnrecognizedClientException',
          message: 'The security token included in the request is invalid.',
        };
      }
      for (const resource of resourcesOf(operation, input, arnOfTable)) {
        const sentence = decide(caller, `dynamodb:${operation}`, resource);
        if (sentence !== '')
          return { __type: 'com.amazon.coral.service#AccessDeniedException', Message: sentence };
      }
      return undefined;
    },
  };
}

interface Caller {
  principal: DatabasePrincipal;
  /** The sentence of a denial, '' for what is allowed; without context, evaluation depends on nothing else. */
  decisions: Map<string, string>;
}

/** A caller may invent resource names, so the memory of a decision has to end somewhere. */
const MAX_REMEMBERED_DECISIONS = 1_000;

function decide({ principal, decisions }: Caller, action: string, resource: string): string {
  const key = `${action} ${resource}`;
  const remembered = decisions.get(key);
  if (remembered !== undefined) return remembered;
  const decision = evaluate(principal.statements, action, resource);
  const sentence = decision === 'allowed' ? '' : denied(principal, action, resource, decision);
  if (decisions.size >= MAX_REMEMBERED_DECISIONS) decisions.clear();
  decisions.set(key, sentence);
  return sentence;
}

function accessKeyOf(authorization: string | undefined): string | undefined {
  return /^AWS4-HMAC-SHA256\s.*?\bCredential=([^/,\s]+)\//.exec(authorization ?? '')?.[1];
}
