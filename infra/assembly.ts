import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

import { App } from 'aws-cdk-lib/core';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';

import { bundleFunctions } from './bundle.ts';
import { ChatStack } from './chat-stack.ts';
import { readConfig } from './config.ts';
import { REPOSITORY } from './repository.ts';
import { SynthesisError } from './synthesis-error.ts';

/** CloudFormation takes 1 MB: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html . Ours leaves room. */
export const MAX_TEMPLATE_BYTES = 900_000;

/** The construct id of the stack, and so the name of its template file, whatever the stack itself is called. */
export const STACK_ID = 'AppsyncChat';

/** What a synthesis depends on beside the sources. */
export interface SynthesisOptions {
  /** Where the cloud assembly goes; made when absent. */
  outdir: string;
  /** CDK context beyond cdk.json's: configuration keys. What the CDK CLI passes (`-c`) comes before it. */
  context?: Readonly<Record<string, unknown>>;
  now: Date;
  /** Also writes the source maps of all bundles into `SOURCE_MAPS` of the output folder; the template is the same. @defaultValue false */
  withSourceMaps?: boolean;
}

/** Folder of the source maps in the output folder: for tools on this machine, nothing of it is deployed. */
const SOURCE_MAPS = 'source-maps';

function contextOfCdkJson(): Record<string, unknown> {
  const text = readFileSync(path.join(REPOSITORY, 'cdk.json'), 'utf8');
  try {
    const { context } = JSON.parse(text) as { context: Record<string, unknown> };
    return context;
  } catch (error) {
    const { message } = error as SyntaxError;
    const [, line, column] = /\(line (\d+) column (\d+)\)$/.exec(message) ?? [];
    throw new SynthesisError(`cdk.json:${line ?? text.split('\n').length}:${column ?? 1} ${message}`);
  }
}

/** Throws `SynthesisError` for a template file that is not below `MAX_TEMPLATE_BYTES`. */
export function checkTemplateSize(file: string): void {
  const { size } = statSync(file);
  if (size >= MAX_TEMPLATE_BYTES)
    throw new SynthesisError(
      `${path.basename(file)} has ${size} bytes; it must stay below ${MAX_TEMPLATE_BYTES}`,
    );
}

/**
 * Synthesizes the app into `outdir`: one stack, its template at the top, its bundled functions as assets. Offline, without credentials, and
 * independent of the working directory; the same sources, context and day give the same template. The feature flags of cdk.json apply
 * with and without the CDK CLI. Throws `SynthesisError` for what is wrong in configuration or sources.
 */
export function synthesizeChat(options: SynthesisOptions): CloudAssembly {
  const { outdir, context = {}, now } = options;
  const sourceMaps = options.withSourceMaps ? path.join(outdir, SOURCE_MAPS) : undefined;
  const app = new App({
    outdir,
    context: { ...contextOfCdkJson(), ...context },
    analyticsReporting: false,
    // Takes longer than all the rest, and the tests run cfn-lint over the same template.
    builtinCloudFormationValidation: false,
  });
  const config = readConfig(app.node.getAllContext() as Record<string, unknown>);
  // In the output folder, so that a synthesis that is killed leaves nothing beside it.
  mkdirSync(outdir, { recursive: true });
  const bundles = mkdtempSync(path.join(outdir, '.bundles-'));
  try {
    new ChatStack(app, STACK_ID, {
      root: REPOSITORY,
      config,
      bundles: bundleFunctions(REPOSITORY, bundles, sourceMaps),
      sourceMaps,
      now,
    });
    const assembly = app.synth();
    for (const { templateFullPath } of assembly.stacks) checkTemplateSize(templateFullPath);
    return assembly;
  } finally {
    rmSync(bundles, { recursive: true });
  }
}
