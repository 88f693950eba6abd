import { hasControl, hasSpace, trim } from './characters';
import type { Verdict } from './verdict';

/** RFC 5321, sections 4.5.3.1.3 (less the angle brackets) and 4.5.3.1.1, in bytes. */
const MAX_ADDRESS = 254;
const MAX_LOCAL = 64;
/** RFC 1035, section 2.3.4, without the root's dot. */
const MAX_DOMAIN = 253;

/** A dot-atom of ASCII `atext` (RFC 5322, section 3.2.3). */
const LOCAL = /^[a-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[a-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/i;
const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** The rules of `EmailAddress` in the domain crate, in the same order. */
export function parseEmail(raw: string): Verdict {
  const text = trim(raw);
  if (text === '') return { code: 'required' };

  const [local, domain, ...rest] = text.split('@');
  if (local === undefined || domain === undefined || rest.length > 0) {
    return { code: 'missing_at' };
  }
  if (local.length > MAX_LOCAL || !LOCAL.test(local)) return { code: 'invalid_local' };

  const ascii = asciiDomain(domain);
  if (ascii === null) return { code: 'invalid_domain' };

  const normalized = `${local}@${ascii}`;
  return normalized.length > MAX_ADDRESS ? { code: 'too_long' } : { normalized };
}

/** The domain's A-labels: two or more, the last one not a number. */
function asciiDomain(domain: string): string | null {
  if (hasControl(domain) || hasSpace(domain)) return null;
  const ascii = isPlain(domain) ? domain.toLowerCase() : convert(domain);
  if (ascii === null || ascii.length > MAX_DOMAIN) return null;
  const labels = ascii.split('.');
  const valid =
    labels.length >= 2 &&
    labels.every((label) => LABEL.test(label)) &&
    !/^[0-9]+$/.test(labels.at(-1) ?? '');
  return valid ? ascii : null;
}

/** ASCII without an encoded label: what the URL parser must not be asked, as it knows numbers. */
function isPlain(domain: string): boolean {
  return /^[\x21-\x7e]*$/.test(domain) && !/(?:^|\.)xn--/i.test(domain);
}

/** By UTS 46, which every browser has in its URL parser. */
function convert(domain: string): string | null {
  // In a URL these would end the host, or stand for another character.
  if (/[^a-z0-9.\-\x80-\u{10ffff}]/iu.test(domain)) return null;
  try {
    return new URL(`http://${domain}`).hostname;
  } catch {
    return null;
  }
}
