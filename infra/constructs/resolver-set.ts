import { readdirSync } from 'node:fs';
import path from 'node:path';

import {
  AppsyncFunction,
  Code,
  FunctionRuntime,
  Resolver,
  type BaseDataSource,
  type GraphqlApi,
} from 'aws-cdk-lib/aws-appsync';
import { Construct } from 'constructs';

import { bundleResolvers } from '../bundle.ts';
import { deployedFiles, manifestProblems, type DataSourceName, type ResolverManifest } from '../resolvers.ts';
import { deployedSchema } from '../schema.ts';
import { SynthesisError } from '../synthesis-error.ts';

const RUNTIME = FunctionRuntime.JS_1_0_0;

/** What is resolved by what. */
export interface ResolverSetProps {
  root: string;
  api: GraphqlApi;
  manifest: ResolverManifest;
  dataSources: Readonly<Record<DataSourceName, BaseDataSource>>;
  /** Folder for source maps. Default: none are written. */
  sourceMaps?: string | undefined;
}

/** AppSync names its pipeline functions with letters, digits and underscores only. */
const functionName = (step: string): string => step.replaceAll('.', '_');

function check(root: string, manifest: ResolverManifest): void {
  const files = readdirSync(path.join(root, 'resolvers'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => path.basename(file, '.ts'));
  // Root fields are the same in every deployment, so the full schema serves.
  const problems = manifestProblems(manifest, deployedSchema(root, true), files);
  if (problems.length > 0) throw new SynthesisError(`infra/resolvers.ts:\n  ${problems.join('\n  ')}`);
}

/**
 * Every resolver and pipeline step of the manifest, with its code inline, so that a template review shows what runs.
 * Throws `SynthesisError` when manifest, schema and resolvers/ do not fit together or a bundle is too long.
 */
export class ResolverSet extends Construct {
  constructor(scope: Construct, id: string, props: ResolverSetProps) {
    super(scope, id);
    const { root, api, manifest, dataSources, sourceMaps } = props;
    check(root, manifest);
    const bundles = bundleResolvers(root, deployedFiles(manifest), sourceMaps);
    const codeOf = (name: string) => Code.fromInline(bundles[name] ?? '');
    const steps = Object.fromEntries(
      Object.entries(manifest.steps).map(([step, source]) => [
        step,
        new AppsyncFunction(this, step, {
          api,
          name: functionName(step),
          dataSource: dataSources[source],
          code: codeOf(step),
          runtime: RUNTIME,
        }),
      ]),
    );
    for (const [field, row] of Object.entries(manifest.fields)) {
      const [typeName = '', fieldName = ''] = field.split('.');
      new Resolver(this, field, {
        api,
        typeName,
        fieldName,
        code: codeOf(field),
        runtime: RUNTIME,
        ...('source' in row
          ? { dataSource: dataSources[row.source] }
          : { pipelineConfig: row.steps.flatMap((step) => steps[step] ?? []) }),
      });
    }
  }
}
