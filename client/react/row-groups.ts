import { createElement, Fragment, useState, type ReactElement } from 'react';
import { regrouped, type Group } from './grouping.ts';

/** What is grouped. */
export interface RowGroupsProps {
  /** Elements with keys of their own. */
  readonly children: readonly ReactElement[];
}

/**
 * Renders a long list of rows so that one of them renders alone: React walks past all siblings of what it renders, and so
 * rows are put into nested fragments of 16. They add nothing to the document, and a row that stays in the list is not
 * mounted again.
 *
 * @example
 * <ol><RowGroups>{ids.map((id) => <Row key={id} messageId={id} />)}</RowGroups></ol>
 */
export function RowGroups({ children }: RowGroupsProps): ReactElement {
  return createElement(Fragment, null, useGroups(useGroups(children)));
}

function useGroups(rows: readonly ReactElement[]): readonly ReactElement[] {
  const byKey = new Map(rows.map((row, index) => [row.key ?? String(index), row]));
  const keys = [...byKey.keys()];
  const [groups, setGroups] = useState(() => regrouped([], keys));
  const isCurrent = isSameList(
    groups.flatMap((group) => group.keys),
    keys,
  );
  const current = isCurrent ? groups : regrouped(groups, keys);
  // What the groups were decides what they are: kept while rendering, as React has it for state that follows from props.
  if (!isCurrent) setGroups(current);
  const rowsOf = (group: Group) => group.keys.flatMap((key) => byKey.get(key) ?? []);
  return current.map((group) => createElement(Fragment, { key: group.name }, rowsOf(group)));
}

function isSameList(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((key, index) => key === others[index]);
}
