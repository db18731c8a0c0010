import * as v from 'valibot';

import { IGNORED_TYPES, KNOWN_TYPES } from './attributes.ts';
import type { NamedResource } from './attributes.ts';
import type { AssemblyStack, CloudAssembly } from './cloud-assembly.ts';
import { resolveIntrinsics } from './intrinsics.ts';
import type { IntrinsicScope } from './intrinsics.ts';
import type { LocalValues } from './local-values.ts';
import { TemplateError } from './template-error.ts';

/** A resource that exists (its condition holds); its properties resolve when they are read. */
export interface Resource {
  stackName: string;
  logicalId: string;
  type: string;
  ref(): string;
  attribute(name: string): string;
  /**
   * The resolved properties, checked against `schema`. Properties that the schema does not name and `ignored` does not list throw
   * `TemplateError`: a setting that would change behaviour on AWS is never passed over in silence.
   */
  read<Entries extends v.ObjectEntries>(
    entries: Entries,
    ignored: readonly string[],
  ): v.InferOutput<v.StrictObjectSchema<Entries, undefined>>;
}

/** Every resource of every stack, and the outputs. */
export interface Resources {
  all(type: string): Resource[];
  outputs(): Record<string, string>;
}

/** Resolves one stack; `exported` looks a name up among the exports of all stacks. */
class StackScope implements IntrinsicScope {
  readonly stack: AssemblyStack;
  readonly #values: LocalValues;
  readonly #exported: (name: string) => unknown;

  constructor(stack: AssemblyStack, values: LocalValues, exported: (name: string) => unknown) {
    this.stack = stack;
    this.#values = values;
    this.#exported = exported;
  }

  ref(name: string): unknown {
    const pseudo = this.#pseudoParameters()[name];
    if (pseudo !== undefined) return pseudo;
    if (name in this.stack.template.Parameters) return this.#parameter(name);
    return this.#known(name, 'Ref').ref(this.#named(name));
  }

  attribute(logicalId: string, attribute: string): string {
    const derive = this.#known(logicalId, `attribute ${attribute}`).attributes[attribute];
    if (derive !== undefined) return derive(this.#named(logicalId));
    const { Type } = this.stack.template.Resources[logicalId]!;
    throw new TemplateError(`${logicalId} (${Type}): attribute ${attribute} is not known to the local stack`);
  }

  condition(name: string): boolean {
    if (!(name in this.stack.template.Conditions))
      throw new TemplateError(`condition ${name} is not in the template`);
    return resolveIntrinsics(this.stack.template.Conditions[name], this) === true;
  }

  importValue(exportName: string): unknown {
    return this.#exported(exportName);
  }

  mapping(map: string, topKey: string, secondKey: string): unknown {
    const value = this.stack.template.Mappings[map]?.[topKey]?.[secondKey];
    if (value === undefined)
      throw new TemplateError(`mapping ${map}.${topKey}.${secondKey} is not in the template`);
    return value;
  }

  dynamicReference(service: string, reference: string): string {
    if (this.#values.dynamicReference === undefined)
      throw new TemplateError(`{{resolve:${service}:${reference}}} has no local value`);
    return this.#values.dynamicReference(service, reference);
  }

  /** Whether the resource exists: no condition, or one that holds. */
  exists(logicalId: string): boolean {
    const condition = this.stack.template.Resources[logicalId]?.Condition;
    return condition === undefined || this.condition(condition);
  }

  property(logicalId: string, name: string): unknown {
    return resolveIntrinsics(this.stack.template.Resources[logicalId]?.Properties[name], this);
  }

  #pseudoParameters(): Record<string, unknown> {
    const { region, accountId } = this.#values;
    return {
      'AWS::Region': region,
      'AWS::AccountId': accountId,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': this.stack.name,
      'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/${this.stack.name}/local`,
      'AWS::NotificationARNs': [],
    };
  }

  #parameter(name: string): unknown {
    const { Type, Default } = this.stack.template.Parameters[name]!;
    const value = this.#values.parameters?.[name] ?? Default;
    if (value === undefined)
      throw new TemplateError(`parameter ${name} has neither a local value nor a default`);
    if (Type.startsWith('AWS::SSM::Parameter::')) return this.dynamicReference('ssm', value as string);
    return Type === 'CommaDelimitedList' || Type.startsWith('List<')
      ? (value as string).split(',').map((part) => part.trim())
      : value;
  }

  #known(logicalId: string, wanted: string) {
    const type = this.stack.template.Resources[logicalId]?.Type;
    if (type === undefined)
      throw new TemplateError(`${logicalId}: neither a parameter nor a resource of stack ${this.stack.name}`);
    const known = KNOWN_TYPES[type];
    if (known === undefined)
      throw new TemplateError(`${logicalId} (${type}): ${wanted} is not known to the local stack`);
    if (!this.exists(logicalId))
      throw new TemplateError(`${logicalId} (${type}): ${wanted} of a resource whose condition is false`);
    return known;
  }

  #named(logicalId: string): NamedResource {
    return {
      stackName: this.stack.name,
      logicalId,
      property: (name) => this.property(logicalId, name),
      values: this.#values,
    };
  }
}

function resourceIn(scope: StackScope, logicalId: string): Resource {
  const { Type: type, Properties } = scope.stack.template.Resources[logicalId]!;
  return {
    stackName: scope.stack.name,
    logicalId,
    type,
    ref: () => scope.ref(logicalId) as string,
    attribute: (name) => scope.attribute(logicalId, name),
    read(entries, ignored) {
      const wanted = Object.entries(Properties).filter(([name]) => !ignored.includes(name));
      const parsed = v.safeParse(
        v.strictObject(entries),
        resolveIntrinsics(Object.fromEntries(wanted), scope),
      );
      if (parsed.success) return parsed.output;
      const problems = parsed.issues
        .map((issue) => `${v.getDotPath(issue) ?? ''}: ${issue.message}`)
        .join('; ');
      throw new TemplateError(`${logicalId} (${type}): ${problems}`);
    },
  };
}

/**
 * The resources of all stacks of an app. Throws `TemplateError` at once for a resource whose type is neither known nor listed as safely
 * ignored. Exports of one stack are visible to all.
 */
export function collectResources(assembly: CloudAssembly, values: LocalValues): Resources {
  const scopes = assembly.stacks.map((stack) => new StackScope(stack, values, exported));

  function exported(name: string): unknown {
    for (const scope of scopes)
      for (const output of Object.values(scope.stack.template.Outputs))
        if (output.Export !== undefined && resolveIntrinsics(output.Export.Name, scope) === name)
          return resolveIntrinsics(output.Value, scope);
    throw new TemplateError(`no stack of the app exports ${name}`);
  }

  const byType = new Map<string, Resource[]>();
  for (const scope of scopes)
    for (const [logicalId, { Type }] of Object.entries(scope.stack.template.Resources)) {
      if (IGNORED_TYPES.has(Type) || !scope.exists(logicalId)) continue;
      if (!(Type in KNOWN_TYPES))
        throw new TemplateError(
          `${logicalId} (${Type}): this resource type is not supported by the local stack`,
        );
      byType.set(Type, [...(byType.get(Type) ?? []), resourceIn(scope, logicalId)]);
    }

  return {
    all: (type) => byType.get(type) ?? [],
    outputs: () =>
      Object.fromEntries(
        scopes.flatMap((scope) =>
          Object.entries(scope.stack.template.Outputs)
            .filter(([, output]) => output.Condition === undefined || scope.condition(output.Condition))
            .map(([name, output]) => [name, String(resolveIntrinsics(output.Value, scope))] as const),
        ),
      ),
  };
}
