// A field of the overview.

import type { ComponentChildren } from "preact";

interface Props {
  title: string;
  children: ComponentChildren;
  /** Why it is abnormal; nothing if it is not. */
  trouble?: string | null;
  href?: string;
  wide?: boolean;
}

export function Tile({ title, children, trouble = null, href, wide = false }: Props) {
  const kind = `tile${wide ? " wide" : ""}${trouble ? " abnormal" : ""}`;
  return (
    <section class={kind} aria-label={title}>
      <h2>{href ? <a href={href}>{title}</a> : title}</h2>
      {children}
      {trouble ? (
        <p class="trouble live">
          <span aria-hidden="true">✕</span> {trouble}
        </p>
      ) : null}
    </section>
  );
}

/** The number that a tile is about. */
export function Figure({ text, unit = "" }: { text: string; unit?: string }) {
  return (
    <p class="figure live">
      {text} {unit ? <small>{unit}</small> : null}
    </p>
  );
}
