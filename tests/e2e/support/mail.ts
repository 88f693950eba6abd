import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An e-mail from the outbox folder, decoded. */
export type Mail = {
  file: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** Where it leads. */
  links: string[];
};

/** The e-mails in an outbox folder, oldest first. */
export function readOutbox(folder: string): Mail[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.eml'));
  return files.sort().map((name) => readMail(join(folder, name)));
}

/** Reads what the Sender writes: a `multipart/alternative` of a text and an HTML part. */
function readMail(file: string): Mail {
  const whole = readPart(readFileSync(file, 'utf8'));
  const boundary = /boundary="([^"]+)"/.exec(whole.headers)?.[1];
  if (boundary === undefined) throw new Error(`${file} has no parts`);
  const parts = whole.body.split(`--${boundary}`).slice(1, -1).map(readPart);
  const of = (type: string) =>
    decode(parts.find(({ headers }) => headers.includes(`Content-Type: ${type}`)));
  const text = of('text/plain');
  return {
    file,
    to: header(whole, 'To'),
    subject: header(whole, 'Subject'),
    text,
    html: of('text/html'),
    links: text.match(/^http\S+$/gm) ?? [],
  };
}

type Part = { headers: string; body: string };

function readPart(source: string): Part {
  const text = source.trimStart();
  const end = text.indexOf('\r\n\r\n');
  return { headers: text.slice(0, end), body: text.slice(end + 4) };
}

function header({ headers }: Part, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(headers)?.[1]?.trim() ?? '';
}

function decode(part: Part | undefined): string {
  if (!part) throw new Error('an e-mail lacks a part');
  const encoding = header(part, 'Content-Transfer-Encoding');
  if (encoding === 'base64') return Buffer.from(part.body, 'base64').toString('utf8');
  return encoding === 'quoted-printable' ? fromQuotedPrintable(part.body) : part.body;
}

/** RFC 2045, section 6.7. */
function fromQuotedPrintable(body: string): string {
  const percent = body
    .replace(/=\r\n/g, '')
    .replace(/%/g, '=25')
    .replace(/=(?=[0-9A-F]{2})/g, '%');
  return decodeURIComponent(percent);
}
