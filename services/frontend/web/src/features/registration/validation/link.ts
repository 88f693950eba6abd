/** Letters, digits and what attaches to them: the characters of a host's labels, and its dots. */
const NOT_IN_HOST = /[^\p{Alphabetic}\p{N}\p{M}\p{Join_Control}.-]+/u;
const MARKS = /[\p{M}\p{Join_Control}]/gu;

/** What IDNA (UTS 46) and NFKC read as a full stop. */
const OTHER_DOTS = /[\u{3002}\u{ff0e}\u{ff61}\u{2024}]/gu;

/** Whether mail programs might turn a part of the text into a link. */
export function containsLink(raw: string): boolean {
  const text = raw.replace(OTHER_DOTS, '.').toLowerCase();
  return text.includes('://') || hasScheme(text) || text.split(NOT_IN_HOST).some(isHost);
}

/** `scheme:` with something right behind it (RFC 3986, section 3.1; two letters or more). */
function hasScheme(text: string): boolean {
  return /[a-z][a-z0-9+.-]+:\P{White_Space}/u.test(text);
}

/** `www.`, labels whose last one reads as a top-level domain, or an IPv4 address. */
function isHost(run: string): boolean {
  if (run.startsWith('www.')) return true;
  const labels = run.split('.');
  return labels.some(
    (label, at) =>
      (at > 0 && labels[at - 1] !== '' && isTopLevel(label)) ||
      (at >= 3 && labels.slice(at - 3, at + 1).every((part) => /^[0-9]+$/.test(part))),
  );
}

/** Two letters or more, or the `xn--` form of some. */
function isTopLevel(label: string): boolean {
  if (label.startsWith('xn--')) return true;
  return (
    /^[\p{Alphabetic}\p{M}\p{Join_Control}]+$/u.test(label) &&
    Array.from(label.replace(MARKS, '')).length >= 2
  );
}
