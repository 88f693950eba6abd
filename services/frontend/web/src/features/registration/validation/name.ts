import { hasControl, isInvisible, trim } from './characters';
import { containsLink } from './link';
import type { Verdict } from './verdict';

/** In Unicode code points, after normalization. */
const MAX_CHARACTERS = 100;

/** The rules of `PersonName` in the domain crate, in the same order. */
export function parseName(raw: string): Verdict {
  const name = trim(raw).normalize('NFC');
  if (isInvisible(name)) return { code: 'required' };
  if (hasControl(name)) return { code: 'control_character' };
  if (Array.from(name).length > MAX_CHARACTERS) return { code: 'too_long' };
  if (containsLink(name)) return { code: 'link' };
  return { normalized: name };
}
