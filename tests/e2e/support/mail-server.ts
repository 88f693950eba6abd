import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** An SMTP server (RFC 5321) that keeps every e-mail waiting at its recipient, until told to refuse it. */
export class MailServer {
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  readonly #waiting = new Set<Socket>();
  #refuses = false;

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<MailServer> {
    const server = new MailServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  /** The variables that lead the Sender here. */
  get settings(): Record<string, string> {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(address.port), SMTP_TLS: 'none' };
  }

  /** Refuses for good every recipient that waits, and all to come. */
  refuse(): void {
    this.#refuses = true;
    for (const socket of this.#waiting) refuse(socket);
    this.#waiting.clear();
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#connections) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#connections.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#connections.delete(socket);
      this.#waiting.delete(socket);
    });
    socket.write('220 mail.test ESMTP\r\n');
    createInterface(socket).on('line', (line) => {
      const command = line.slice(0, 4).toUpperCase();
      if (command === 'QUIT') socket.end('221 2.0.0 bye\r\n');
      else if (command !== 'RCPT') socket.write('250 2.0.0 ok\r\n');
      else if (this.#refuses) refuse(socket);
      else this.#waiting.add(socket);
    });
  }
}

function refuse(socket: Socket): void {
  socket.write('550 5.1.1 no such mailbox\r\n');
}
