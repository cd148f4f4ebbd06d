// A search field that waits until somebody has typed.

import { useEffect, useRef } from "preact/hooks";

const WAIT_MS = 200;

interface Props {
  value: string;
  label: string;
  onChange: (text: string) => void;
}

export function Search({ value, label, onChange }: Props) {
  const timer = useRef(0);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // What stands in the address is shown, but nobody's typing is overwritten.
    if (field.current && document.activeElement !== field.current) field.current.value = value;
  }, [value]);
  return (
    <input
      ref={field}
      type="search"
      aria-label={label}
      placeholder={label}
      aria-keyshortcuts="/"
      autocomplete="off"
      spellcheck={false}
      defaultValue={value}
      onInput={(event) => {
        const text = event.currentTarget.value.trim();
        clearTimeout(timer.current);
        timer.current = window.setTimeout(() => onChange(text), WAIT_MS);
      }}
    />
  );
}
