import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Mail, readOutbox } from './mail.ts';
import { freePorts } from './ports.ts';

export type Person = { name: string; surname: string; email: string };
export type FieldMessages = Partial<Record<keyof Person, string>>;

type Settings = Record<string, string>;

const BINARY = resolve(
  import.meta.dirname,
  '..',
  process.env.USERSTREAM_BINARY ?? '../../target/debug/userstream',
);
const PATIENCE = 20_000;

/** Who administers every system. */
export const ADMINISTRATOR = { email: 'admin@example.com', password: 'correct horse battery' };

/** None outlives its worker, however that ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The real system, `userstream up`, on a data folder and ports of its own. */
export class System {
  /** Where the systems of this worker answer. */
  static readonly origins = new Set<string>();

  readonly url: string;
  readonly #dir = mkdtempSync(join(tmpdir(), 'userstream-e2e-'));
  readonly #ports: readonly number[];
  readonly #settings: Settings;
  #process: ChildProcess | null = null;

  private constructor(ports: readonly number[], settings: Settings) {
    this.#ports = ports;
    this.#settings = settings;
    this.url = `http://localhost:${ports[0]}`;
    System.origins.add(this.url);
  }

  /** Starts one; `settings` are environment variables beside the tests' own. */
  static async start(settings: Settings = {}): Promise<System> {
    if (!existsSync(BINARY)) {
      throw new Error(
        `There is no binary at ${BINARY}. Build it with "cargo build --package userstream", or ` +
          'name another one in USERSTREAM_BINARY.',
      );
    }
    const system = new System(await freePorts(5), {
      RATE_LIMIT_PER_MINUTE: '0',
      ADMIN_EMAIL: ADMINISTRATOR.email,
      ADMIN_PASSWORD: ADMINISTRATOR.password,
      ...settings,
    });
    try {
      await system.launch();
    } catch (error) {
      await system.dispose();
      throw error;
    }
    return system;
  }

  /** Starts the process, on the same folder and ports each time, and waits until it is ready. */
  async launch(): Promise<void> {
    const [frontend, receiver, sender, database, reports] = this.#ports;
    const log = openSync(this.#log, 'a');
    const child = spawn(
      BINARY,
      [
        'up',
        `--data-dir=${this.#data}`,
        `--port=${frontend}`,
        `--queue-receiver-port=${receiver}`,
        `--sender-port=${sender}`,
        `--database-service-port=${database}`,
        `--report-generator-port=${reports}`,
      ],
      { cwd: this.#dir, env: this.#env, stdio: ['ignore', log, log] },
    );
    closeSync(log);
    running.add(child);
    this.#process = child;
    await this.#until('the system is ready', async () => {
      if (child.exitCode !== null) throw new Error(`It ended at once:\n${this.#output()}`);
      const answer = await fetch(`${this.url}/health/ready`).catch(() => null);
      return answer?.ok;
    });
  }

  /** Ends the process at once, as a power cut would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Ends the process and removes all it has written; no line of its log may tell what is private. */
  async dispose(): Promise<void> {
    await this.#end('SIGTERM');
    const lines = readFileSync(this.#log, 'utf8').split('\n');
    rmSync(this.#dir, { recursive: true, force: true });
    const told = lines.find((line) => line.startsWith('{') && PRIVATE.test(line));
    if (told) throw new Error(`The log holds a password, a token or an address: ${told}`);
  }

  /** Registers a person as a program would, and returns the registration's id. */
  async register(person: Person): Promise<string> {
    const answer = await this.#post(person);
    if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
    const { id } = (await answer.json()) as { id: string };
    return id;
  }

  /** What the API says about fields that break a rule. */
  async refusals(person: Person): Promise<FieldMessages> {
    const answer = await this.#post(person);
    if (answer.status !== 422) return {};
    type Problem = { errors: { field: keyof Person; message: string }[] };
    const { errors } = (await answer.json()) as Problem;
    return Object.fromEntries(errors.map(({ field, message }) => [field, message]));
  }

  #post(person: Person): Promise<Response> {
    return fetch(`${this.url}/api/registrations`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(person),
    });
  }

  /** Sends a queue what no service would send it, each line a message. */
  publish(queue: string, lines: string[]): void {
    const url = `sqlite:${join(this.#data, 'queue.db')}`;
    const program = join(BINARY, '..', 'examples', 'publish');
    execFileSync(program, [url, queue], {
      cwd: this.#dir,
      env: this.#env,
      input: lines.join('\n'),
    });
  }

  /** The stage that a registration has come to. */
  async status(id: string): Promise<string> {
    const answer = await fetch(`${this.url}/api/registrations/${id}`);
    const { status } = (await answer.json()) as { status: string };
    return status;
  }

  /** Waits until a registration has come to a stage. */
  async reaches(id: string, stage: string): Promise<void> {
    await this.#until(`${id} is ${stage}`, async () => (await this.status(id)) === stage);
  }

  /** The e-mails to an address that are in the outbox now. */
  mailsTo(address: string): Mail[] {
    return readOutbox(this.#outbox).filter(({ to }) => to === address);
  }

  /** Waits for the first e-mail to an address. */
  mailTo(address: string): Promise<Mail> {
    return this.#until(`an e-mail to ${address}`, async () => this.mailsTo(address)[0]);
  }

  /** Waits for an e-mail to an address with a link to one of our pages. */
  linkTo(address: string, target: 'confirm' | 'leave' = 'confirm'): Promise<string> {
    const start = `${this.url}/${target}/`;
    return this.#until(`a link to ${target} for ${address}`, async () => {
      const links = this.mailsTo(address).flatMap(({ links }) => links);
      return links.find((link) => link.startsWith(start));
    });
  }

  /** A genuine confirmation link of a registration that expired a minute ago. */
  expiredLink(registrationId: string): string {
    const expired = Math.floor(Date.now() / 1000) - 60;
    const signed = Buffer.alloc(24);
    Buffer.from(registrationId.replaceAll('-', ''), 'hex').copy(signed);
    signed.writeBigInt64BE(BigInt(expired), 16);
    const secret = readFileSync(join(this.#data, 'secret'), 'utf8').trim();
    const tag = keyedHash(keyedHash(secret, 'userstream confirmation v1'), signed);
    return `${this.url}/confirm/${signed.toString('hex')}${tag.subarray(0, 16).toString('hex')}`;
  }

  /** The rows of people whose name, surname or address contains a text. */
  async rows(text: string): Promise<Person[]> {
    const { items } = await this.#database<{ items: Person[] }>(
      `/users?q=${encodeURIComponent(text)}`,
    );
    return items;
  }

  async #database<T>(path: string): Promise<T> {
    const token = execFileSync(
      BINARY,
      ['token', '--audience=database-service', `--data-dir=${this.#data}`],
      { cwd: this.#dir, env: this.#env, encoding: 'utf8' },
    );
    const answer = await fetch(`http://127.0.0.1:${this.#ports[3]}${path}`, {
      headers: { Authorization: `Bearer ${token.trim()}` },
    });
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    await ended;
    clearTimeout(late);
    running.delete(child);
  }

  async #until<T>(what: string, ask: () => Promise<T>): Promise<NonNullable<T>> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const found = await ask();
      if (found) return found;
      if (Date.now() > end) throw new Error(`In vain: ${what}. The log:\n${this.#output()}`);
      await sleep(50);
    }
  }

  get #data(): string {
    return join(this.#dir, 'var');
  }

  get #outbox(): string {
    return join(this.#data, 'outbox');
  }

  get #log(): string {
    return join(this.#dir, 'log.jsonl');
  }

  /** Nothing of the developer's own environment. */
  get #env(): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, ...this.#settings };
  }

  #output(): string {
    return readFileSync(this.#log, 'utf8').slice(-4000);
  }
}

/** A password of these tests, a service token, an e-mail address. */
const PRIVATE = new RegExp(`${ADMINISTRATOR.password}|eyJ|Bearer |[\\w.+-]@[\\w-]+\\.[\\w.]`);

/** HMAC-SHA256 over a text preceded by its length, as the binary derives keys and signs links. */
function keyedHash(key: string | Buffer, text: string | Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(text.length));
  return createHmac('sha256', key).update(length).update(text).digest();
}
