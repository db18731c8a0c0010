import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as v from 'valibot';

import { TemplateError } from './template-error.ts';

const resource = v.object({
  Type: v.string(),
  Condition: v.optional(v.string()),
  Properties: v.optional(v.record(v.string(), v.unknown()), {}),
});

const template = v.object({
  Parameters: v.optional(
    v.record(v.string(), v.object({ Type: v.string(), Default: v.optional(v.unknown()) })),
    {},
  ),
  Conditions: v.optional(v.record(v.string(), v.unknown()), {}),
  Mappings: v.optional(v.record(v.string(), v.record(v.string(), v.record(v.string(), v.unknown()))), {}),
  Resources: v.record(v.string(), resource),
  Outputs: v.optional(
    v.record(
      v.string(),
      v.object({
        Value: v.unknown(),
        Condition: v.optional(v.string()),
        Export: v.optional(v.object({ Name: v.unknown() })),
      }),
    ),
    {},
  ),
});

const manifest = v.object({
  artifacts: v.record(
    v.string(),
    v.object({ type: v.string(), properties: v.optional(v.record(v.string(), v.unknown()), {}) }),
  ),
});

const assetManifest = v.object({
  files: v.optional(
    v.record(
      v.string(),
      v.object({
        source: v.object({ path: v.optional(v.string()) }),
        destinations: v.record(v.string(), v.object({ objectKey: v.string() })),
      }),
    ),
    {},
  ),
});

/** One resource as the template declares it, intrinsics unresolved. */
export type TemplateResource = v.InferOutput<typeof resource>;
/** A CloudFormation template as far as the local stack reads it. */
export type Template = v.InferOutput<typeof template>;

/** A stack of the app with its template. */
export interface AssemblyStack {
  name: string;
  template: Template;
}

/** What `cdk synth` wrote: the app's stacks and where each published asset lies on disk. */
export interface CloudAssembly {
  stacks: AssemblyStack[];
  /** Object key in the bootstrap bucket (`<hash>.zip`, `<hash>.graphql`) -> path of the folder or file. */
  assets: ReadonlyMap<string, string>;
}

function readJson<Schema extends v.GenericSchema>(path: string, schema: Schema): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, JSON.parse(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.output;
  throw new TemplateError(
    `${path}: ${parsed.issues.map((issue) => `${v.getDotPath(issue) ?? ''} ${issue.message}`).join('; ')}`,
  );
}

/**
 * Reads the cloud assembly in `folder` (usually `cdk.out`). Stacks come in the manifest's order. Templates in other formats than JSON and
 * nested assemblies do not exist here: they throw `TemplateError`.
 */
export function readCloudAssembly(folder: string): CloudAssembly {
  const stacks: AssemblyStack[] = [];
  const assets = new Map<string, string>();
  for (const [id, artifact] of Object.entries(readJson(join(folder, 'manifest.json'), manifest).artifacts)) {
    if (artifact.type === 'aws:cloudformation:stack') {
      const file = v.parse(v.string(), artifact.properties['templateFile']);
      const name = v.parse(v.optional(v.string(), id), artifact.properties['stackName']);
      stacks.push({ name, template: readJson(join(folder, file), template) });
    } else if (artifact.type === 'cdk:asset-manifest') {
      const file = v.parse(v.string(), artifact.properties['file']);
      for (const asset of Object.values(readJson(join(folder, file), assetManifest).files)) {
        // An asset made by an executable has no path; nothing in the service uses one, and a reference to it then fails by name.
        if (asset.source.path === undefined) continue;
        for (const { objectKey } of Object.values(asset.destinations))
          assets.set(objectKey, join(folder, asset.source.path));
      }
    } else if (artifact.type === 'cdk:cloud-assembly') {
      throw new TemplateError(`${id}: nested cloud assemblies are not supported`);
    }
  }
  return { stacks, assets };
}
