import { createContext, useContext } from 'react';
import type { KeptTexts } from '../kept-texts.ts';
import type { Router } from '../routes.ts';
import type { Session } from '../session.ts';

/** What every part of the page may use. */
export interface Page {
  readonly session: Session;
  readonly router: Router;
  readonly texts: KeptTexts;
}

const PageContext = createContext<Page | undefined>(undefined);

/** Gives the page's parts to everything in it. */
export const PageProvider = PageContext.Provider;

/** The page's parts. */
export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('usePage is used outside of PageProvider');
  return page;
}
