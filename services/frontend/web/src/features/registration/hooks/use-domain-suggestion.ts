import { type RefObject, useState } from 'react';
import { text } from '@/shared/i18n/text';
import { suggestDomain } from '../model/suggest-domain';

/** Offers the domain that was probably meant, and applies it when told to. */
export function useDomainSuggestion(
  form: RefObject<HTMLFormElement | null>,
  speak: (words: string) => void,
) {
  const [current, setCurrent] = useState<{ typed: string; meant: string } | null>(null);
  const [shownFor, setShownFor] = useState('');

  function offer(email: string) {
    const found = email ? suggestDomain(email.trim()) : null;
    setCurrent(found);
    if (!found) return;
    setShownFor(found.typed);
    speak(text.form.suggestionSpoken(found.typed, found.meant));
  }

  /** An offer goes away as soon as the address is another one. */
  function reconsider(email: string) {
    if (current && suggestDomain(email.trim())?.typed !== current.typed) setCurrent(null);
  }

  /**
   * Whether to wait once before sending: who goes straight from the address to the button has not
   * seen the offer yet. Pressing again sends what was typed.
   */
  function holds(email: string): boolean {
    const found = suggestDomain(email.trim());
    if (!found || found.typed === shownFor) return false;
    offer(email);
    return true;
  }

  function apply() {
    const input = form.current?.elements.namedItem('email');
    if (!current || !(input instanceof HTMLInputElement)) return;
    input.value = `${input.value.slice(0, input.value.lastIndexOf('@') + 1)}${current.meant}`;
    // A real event: the draft and the error hear of it as of typing.
    input.dispatchEvent(new Event('input', { bubbles: true }));
    setCurrent(null);
    speak(text.form.suggestionApplied(input.value));
    input.focus();
  }

  return { current, offer, reconsider, holds, apply };
}
