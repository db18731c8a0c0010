import { Kind, print } from 'graphql';
import type { FieldNode, GraphQLResolveInfo, SelectionSetNode } from 'graphql';

/** What resolver code sees of the fields a caller asked for. */
export interface SelectionInfo {
  /** Response names of all nested fields, `author/name`, depth first, each once. */
  selectionSetList: string[];
  /** The same as GraphQL text, empty for a leaf. */
  selectionSetGraphQL: string;
}

// One entry per field node of a cached document: the walk is paid once, not per request.
const known = new WeakMap<FieldNode, SelectionInfo>();

/** Describes the selection under a field. Conditions (`@include`, `@skip`) are not evaluated, as in the printed text. */
export function selectionOf(info: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>): SelectionInfo {
  const first = info.fieldNodes[0];
  const cached = first === undefined ? undefined : known.get(first);
  if (cached !== undefined) return cached;
  const names = new Set<string>();
  const walk = (set: SelectionSetNode | undefined, prefix: string): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        walk(info.fragments[selection.name.value]?.selectionSet, prefix);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        walk(selection.selectionSet, prefix);
      } else {
        const name = prefix + (selection.alias ?? selection.name).value;
        names.add(name);
        walk(selection.selectionSet, `${name}/`);
      }
    }
  };
  for (const node of info.fieldNodes) walk(node.selectionSet, '');
  const printed = info.fieldNodes.flatMap((node) => (node.selectionSet ? [print(node.selectionSet)] : []));
  const selection = { selectionSetList: [...names], selectionSetGraphQL: printed.join('\n') };
  if (first !== undefined) known.set(first, selection);
  return selection;
}
