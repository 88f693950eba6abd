/** What a broken rule is called in the page's language, if it is known. */
export function sentence(
  { sentences }: { sentences: Record<string, string> },
  field: string,
  code: string,
): string | undefined {
  return sentences[`${field}.${code}`];
}
