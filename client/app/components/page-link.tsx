import type { ComponentProps, MouseEvent } from 'react';
import { usePage } from './page-context.tsx';

/** A link within the page: no reload; with a modifier key it opens as any link does. */
export function PageLink({ href, onClick, ...rest }: ComponentProps<'a'> & { readonly href: string }) {
  const { router } = usePage();
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isPlain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !isPlain) return;
    event.preventDefault();
    router.go(href);
  };
  return <a href={href} onClick={follow} {...rest} />;
}
