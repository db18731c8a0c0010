/** One value or a list of them, as IAM writes most policy elements. */
export type OneOrMany<T> = T | readonly T[];

/** Operator -> condition key -> accepted values, exactly as in an IAM policy document. */
export type ConditionBlock = Record<string, Record<string, OneOrMany<string | number | boolean>>>;

/**
 * A statement of an identity-based policy after its intrinsics were resolved: plain JSON, so that it can be sent to another process.
 * Exactly one of `Action`/`NotAction` and one of `Resource`/`NotResource` is present (see `checkStatement`).
 */
export interface PolicyStatement {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  Action?: OneOrMany<string>;
  NotAction?: OneOrMany<string>;
  Resource?: OneOrMany<string>;
  NotResource?: OneOrMany<string>;
  Condition?: ConditionBlock;
}

/** A policy that this evaluator would judge differently from IAM; raised instead of guessing. */
export class UnsupportedPolicyError extends Error {
  override readonly name = 'UnsupportedPolicyError';
}

/** The elements as a list; one value and a list of one are the same to IAM. */
export function listOf<T>(value: OneOrMany<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/**
 * Whether `text` matches an IAM pattern: `*` is any run of characters (also `:` and `/`), `?` is exactly one.
 * Linear in `text` for each `*`: no regular expression is built from policy text.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resumeAt = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p;
      p += 1;
      resumeAt = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      resumeAt += 1;
      t = resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/**
 * Throws `UnsupportedPolicyError` for a statement that is malformed or uses a policy variable (`${...}`).
 * Run it once where statements are read, so that a policy fails at start and not at its first use.
 */
export function checkStatement(statement: PolicyStatement, where: string): void {
  const fail = (problem: string): never => {
    throw new UnsupportedPolicyError(`${where}: ${problem}`);
  };
  if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') fail('Effect is neither Allow nor Deny');
  if ((statement.Action === undefined) === (statement.NotAction === undefined))
    fail('needs exactly one of Action and NotAction');
  if ((statement.Resource === undefined) === (statement.NotResource === undefined))
    fail('needs exactly one of Resource and NotResource');
  if ('Principal' in statement || 'NotPrincipal' in statement)
    fail('names a principal, which an identity-based policy cannot');
  for (const resource of [...listOf(statement.Resource), ...listOf(statement.NotResource)]) {
    if (typeof resource !== 'string') fail(`resource ${JSON.stringify(resource)} is not a string`);
    if (resource.includes('${')) fail(`policy variable in resource ${resource} is not supported`);
  }
  for (const action of [...listOf(statement.Action), ...listOf(statement.NotAction)]) {
    if (typeof action !== 'string') fail(`action ${JSON.stringify(action)} is not a string`);
  }
}
