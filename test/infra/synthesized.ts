import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll } from 'vitest';

import { synthesizeChat } from '../../infra/assembly.ts';

/** A template as CloudFormation reads it, as far as the tests look into it. */
export interface Template {
  Resources: Record<string, Resource>;
  Outputs: Record<string, { Value: unknown }>;
}

/** One resource of a template. */
export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DependsOn?: string[];
  DeletionPolicy?: string;
}

/** One synthesis, in a folder of its own. */
export interface Synthesized {
  template: Template;
  outdir: string;
  dispose: () => void;
}

/** A temporary folder; whoever asks for it removes it. */
export function temporaryFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'appsync-chat-test-'));
}

/** Reads the one template of a cloud assembly. */
export function readTemplate(outdir: string): Template {
  return JSON.parse(readFileSync(path.join(outdir, 'AppsyncChat.template.json'), 'utf8')) as Template;
}

/** Synthesizes the app with cdk.json's context and `context` into a temporary folder. */
export function synthesize(
  context: Record<string, unknown> = {},
  now = new Date('2026-01-02T03:04:05Z'),
): Synthesized {
  const outdir = temporaryFolder();
  synthesizeChat({ outdir, context, now });
  return {
    template: readTemplate(outdir),
    outdir,
    dispose: () => rmSync(outdir, { recursive: true }),
  };
}

/** One synthesis for the tests of a file or block. */
export function useSynthesized(context: Record<string, unknown> = {}): () => Synthesized {
  let synthesized: Synthesized | undefined;
  beforeAll(() => {
    synthesized = synthesize(context);
  });
  afterAll(() => synthesized?.dispose());
  return () => {
    if (!synthesized) throw new Error('Nothing is synthesized yet');
    return synthesized;
  };
}

/** The resources of one type by logical id, without the hash that CDK ends every logical id with. */
export function resourcesOf(template: Template, type: string): Record<string, Resource> {
  return Object.fromEntries(
    Object.entries(template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, resource]) => [plain(id), resource]),
  );
}

/** The resource of one type; fails unless there is exactly one. */
export function onlyResource(template: Template, type: string): Resource {
  const [resource, ...others] = Object.values(resourcesOf(template, type));
  if (resource === undefined || others.length > 0)
    throw new Error(
      `${type}: ${resource === undefined ? 'none' : others.length + 1} in the template, not one`,
    );
  return resource;
}

function plain(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}

/** Writes a value with its intrinsic functions as readable text: `${Table.Arn}/index/listing`. */
export function readable(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[name, argument] = ['', undefined]] = Object.entries(value);
  if (name === 'Ref') return `\${${plain(String(argument))}}`;
  if (name === 'Fn::GetAtt') {
    const [id, attribute] = argument as [string, string];
    return `\${${plain(id)}.${attribute}}`;
  }
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as [string, unknown[]];
    return parts.map(readable).join(separator);
  }
  throw new Error(`cannot read ${JSON.stringify(value)}`);
}
