/** `a…@example.com`: enough to recognise one's own address, too little to read over a shoulder. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  if (at < 1) return '…';
  const [first] = email.trimStart();
  return `${first}…${email.slice(at).trimEnd()}`;
}
