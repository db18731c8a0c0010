/** Identity and access of the local stack: principals of the template's roles, their policies evaluated, their signatures verified. */
export { conditionHolds } from './conditions.ts';
export type { RequestContext } from './conditions.ts';
export { evaluate } from './evaluate.ts';
export type { Decision } from './evaluate.ts';
export { checkStatement, listOf, matchesPattern, UnsupportedPolicyError } from './policy.ts';
export type { ConditionBlock, OneOrMany, PolicyStatement } from './policy.ts';
export { AccessDeniedError, authorize, createPrincipals, denied } from './principals.ts';
export type { Principal, Principals, Role } from './principals.ts';
export { MAX_CLOCK_SKEW_MS, parseAuthorization, verifySigV4 } from './sigv4.ts';
export type { SignatureExpectation, SignatureFailure, SignatureResult, SignedRequest } from './sigv4.ts';
