import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';

/** A resource of the synthesized template. */
export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
}

/** The template's resources by logical id. */
export type Resources = Record<string, Resource>;

/** A statement of a policy in the template. */
export interface Statement {
  Action: string | string[];
  Resource: unknown;
}

/** Copies the synthesized app, lets the test edit its template text, and returns the folder; it goes with the test. */
export function editedAssembly(edit: (resources: Resources) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'appsync-chat-edited-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(inject('cdkOut'), folder, { recursive: true });
  const name = readdirSync(folder).find((file) => file.endsWith('.template.json'));
  if (!name) throw new Error('The synthesized app has no template');
  const template = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { Resources: Resources };
  edit(template.Resources);
  writeFileSync(join(folder, name), JSON.stringify(template));
  return folder;
}

/** The resources of a type whose logical id contains a word. */
export function resourcesOf(resources: Resources, type: string, word = ''): [string, Resource][] {
  return Object.entries(resources).filter(([id, resource]) => resource.Type === type && id.includes(word));
}

/** Takes an action out of every policy whose logical id contains a word; throws when none had it. */
export function removeGrant(resources: Resources, policyWord: string, action: string): void {
  let removed = 0;
  for (const [, policy] of resourcesOf(resources, 'AWS::IAM::Policy', policyWord)) {
    const document = policy.Properties.PolicyDocument as { Statement: Statement[] };
    for (const statement of document.Statement) {
      const actions = [statement.Action].flat();
      if (!actions.includes(action)) continue;
      removed += 1;
      const left = actions.filter((name) => name !== action);
      statement.Action = left.length > 0 ? left : ['none:None'];
    }
  }
  if (removed === 0) throw new Error(`No policy like ${policyWord} grants ${action}`);
}
