/** Where most people have their mail, the more common first. */
const MEANT = [
  'gmail.com',
  'hotmail.com',
  'outlook.com',
  'yahoo.com',
  'icloud.com',
  'yahoo.co.uk',
  'hotmail.co.uk',
  'hotmail.fr',
  'protonmail.com',
  'googlemail.com',
  'fastmail.com',
  'comcast.net',
  'yandex.ru',
  'rambler.ru',
  't-online.de',
  'freenet.de',
  'orange.fr',
  'libero.it',
  'naver.com',
];

/** Real providers that look like a slip of one of those. */
const REAL = [
  'mail.com',
  'email.com',
  'ymail.com',
  'rocketmail.com',
  'foxmail.com',
  'hushmail.com',
  'yahoo.ca',
  'yahoo.co.in',
  'yahoo.co.jp',
  'yahoo.com.au',
  'yahoo.com.br',
  'yahoo.com.mx',
  'hotmail.ca',
  'hotmail.ch',
  'hotmail.de',
  'hotmail.es',
  'hotmail.it',
  'hotmail.nl',
  'yandex.com',
  'proton.me',
];

/** The domain that was probably meant, if what was typed is close to a common one. */
export function suggestDomain(email: string): { typed: string; meant: string } | null {
  const typed = email.slice(email.lastIndexOf('@') + 1).toLowerCase();
  if (MEANT.includes(typed) || REAL.includes(typed)) return null;

  let best: { meant: string; slips: number } | null = null;
  for (const meant of MEANT) {
    const slips = distance(typed, meant);
    if (slips <= allowed(meant) && slips < (best?.slips ?? Number.POSITIVE_INFINITY)) {
      best = { meant, slips };
    }
  }
  return best && { typed, meant: best.meant };
}

/** In a short domain two slips, in a very short one a single slip, make another real domain. */
function allowed(domain: string): number {
  if (domain.length < 9) return 0;
  return domain.length < 11 ? 1 : 2;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
