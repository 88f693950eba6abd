import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import messages from '@validation/messages.json';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RegistrationCard } from './registration-card';

const ADA = { name: 'Ada', surname: 'Lovelace', email: 'ada@example.com' };

type Post = { key: string | null; values: typeof ADA };

/** The server at the boundary: answers of posts are queued, the status is always the same. */
function fakeServer(status = 'email_sent', at: string | null = null) {
  const posts: Post[] = [];
  const answers: (() => Response | Promise<Response>)[] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    if (init.method !== 'POST') {
      return Response.json({ id: '7', status, timeline: [{ stage: status, at }] });
    }
    const key = new Headers(init.headers).get('Idempotency-Key');
    posts.push({ key, values: JSON.parse(String(init.body)) });
    const answer = answers.shift();
    if (!answer) throw new TypeError(`no connection to ${url}`);
    return answer();
  });
  return { posts, answers };
}

const accepted = () =>
  Response.json(
    { id: '7', status: 'accepted', status_url: '/api/registrations/7' },
    { status: 202 },
  );
const refused = (status: number, body: object, headers = {}) =>
  Response.json(body, { status, headers });

const field = (label: string) => screen.getByLabelText<HTMLInputElement>(label);
const register = () => userEvent.click(screen.getByRole('button', { name: 'Register' }));

async function fillIn(values = ADA) {
  for (const [label, value] of [
    ['First name', values.name],
    ['Surname', values.surname],
    ['E-mail', values.email],
  ] as const) {
    await userEvent.clear(field(label));
    await userEvent.type(field(label), value);
  }
}

beforeEach(() => sessionStorage.clear());
afterEach(cleanup);

describe('validation', () => {
  it('speaks when a field is left, not before, and is silent once the value is right', async () => {
    fakeServer();
    render(<RegistrationCard />);
    await userEvent.type(field('E-mail'), 'ada@');
    expect(screen.queryByText(messages['email.invalid_domain'])).toBeNull();
    await userEvent.tab();
    expect(field('E-mail')).toHaveProperty('ariaInvalid', 'true');
    expect(describedBy(field('E-mail'))).toContain(messages['email.invalid_domain']);
    await userEvent.type(field('E-mail'), 'example.com');
    expect(describedBy(field('E-mail'))).toBe('');
  });

  it('sends nothing with errors and goes to the first bad field', async () => {
    const { posts } = fakeServer();
    render(<RegistrationCard />);
    await userEvent.type(field('First name'), 'Ada');
    await register();
    expect(document.activeElement).toBe(field('Surname'));
    expect(screen.getByRole('alert').textContent).toContain('Surname, E-mail');
    expect(posts).toEqual([]);
  });

  it('offers the domain that was meant once, and sends what was typed if that is wanted', async () => {
    const { posts, answers } = fakeServer();
    answers.push(accepted);
    render(<RegistrationCard />);
    await fillIn({ ...ADA, email: 'ada@gmial.com' });
    await register();
    expect(posts).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: 'gmail.com' }));
    expect(field('E-mail').value).toBe('ada@gmail.com');
    await userEvent.clear(field('E-mail'));
    await userEvent.type(field('E-mail'), 'ada@gmial.com');
    await register();
    expect(posts[0]?.values.email).toBe('ada@gmial.com');
  });
});

describe('submitting', () => {
  it('asks a program again that fills in every field, and sends nothing', async () => {
    const { posts, answers } = fakeServer();
    render(<RegistrationCard />);
    await fillIn();
    const trap = document.querySelector<HTMLInputElement>('input[name=website]');
    if (trap) trap.value = 'https://example.com';
    await register();
    expect(await screen.findByText('That looked like a program.')).toBeTruthy();
    expect(posts).toEqual([]);
    // A person presses once more.
    answers.push(accepted);
    await register();
    expect(await screen.findByText('Thank you, we have it.')).toBeTruthy();
    expect(posts.map(({ values }) => values)).toEqual([ADA]);
  });

  it('turns the card and follows the registration', async () => {
    const { posts, answers } = fakeServer();
    answers.push(accepted);
    render(<RegistrationCard />);
    await fillIn();
    await register();
    expect(await screen.findByRole('heading', { name: 'Thank you, we have it.' })).toBe(
      document.activeElement,
    );
    await screen.findByText('E-mail sent.');
    expect(screen.getByText('to a…@example.com')).toBeTruthy();
    expect(posts).toHaveLength(1);
    expect(posts[0]?.values).toEqual(ADA);
  });

  it('retries the same values with the same key and changed ones with another', async () => {
    const { posts, answers } = fakeServer();
    render(<RegistrationCard />);
    await fillIn();
    await register();
    await screen.findByText('We could not be reached.');
    expect(field('Surname').value).toBe('Lovelace');
    await register();
    await waitFor(() => expect(posts).toHaveLength(2));
    answers.push(accepted);
    await userEvent.type(field('First name'), ' A.');
    await register();
    await screen.findByText('Thank you, we have it.');
    expect(posts[1]?.key).toBe(posts[0]?.key);
    expect(posts[2]?.key).not.toBe(posts[0]?.key);
  });

  it('sends another e-mail under a new key, after some patience', async () => {
    const { posts, answers } = fakeServer();
    answers.push(accepted, () =>
      Response.json({ id: '8', status_url: '/api/registrations/8' }, { status: 202 }),
    );
    render(<RegistrationCard />);
    await fillIn();
    await register();
    const again = await screen.findByRole('button', { name: 'Send it again' });
    await userEvent.click(again);
    expect(posts).toHaveLength(1);

    const now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now + 46_000);
    await waitFor(() => expect(again.getAttribute('aria-disabled')).toBe('false'));
    await userEvent.click(again);
    expect(await screen.findByText(/asked for another e-mail/)).toBeTruthy();
    expect(posts[1]?.values).toEqual(ADA);
    expect(posts[1]?.key).not.toBe(posts[0]?.key);
  });

  it('is patient from when the e-mail was sent, which a reload does not change', async () => {
    const { answers } = fakeServer('email_sent', new Date(Date.now() - 46_000).toISOString());
    answers.push(accepted);
    render(<RegistrationCard />);
    await fillIn();
    await register();
    const again = await screen.findByRole('button', { name: 'Send it again' });
    expect(again.getAttribute('aria-disabled')).toBe('false');
  });

  it('does not call back whoever goes on to another person', async () => {
    const { answers } = fakeServer('email_sent', new Date(Date.now() - 46_000).toISOString());
    let release = (_: Response) => {};
    answers.push(accepted, () => new Promise((resolve) => (release = resolve)));
    render(<RegistrationCard />);
    await fillIn();
    await register();
    await userEvent.click(await screen.findByRole('button', { name: 'Send it again' }));
    await userEvent.click(screen.getByRole('button', { name: 'Register another person' }));
    await userEvent.type(field('First name'), 'Grace');
    await act(async () => release(accepted()));
    expect(field('First name').value).toBe('Grace');
  });

  it('sends once however often the button is pressed', async () => {
    const { posts, answers } = fakeServer();
    let release = (_: Response) => {};
    answers.push(() => new Promise((resolve) => (release = resolve)));
    render(<RegistrationCard />);
    await fillIn();
    await register();
    await userEvent.click(screen.getByRole('button'));
    await userEvent.type(field('E-mail'), '{Enter}');
    release(accepted());
    await screen.findByText('Thank you, we have it.');
    expect(posts).toHaveLength(1);
  });

  it("shows the server's errors at their fields", async () => {
    const { answers } = fakeServer();
    const errors = [{ field: 'surname', code: 'link', message: 'Not this surname.' }];
    answers.push(() => refused(422, { errors }));
    render(<RegistrationCard />);
    await fillIn();
    await register();
    await waitFor(() => expect(document.activeElement).toBe(field('Surname')));
    expect(describedBy(field('Surname'))).toContain('Not this surname.');
  });

  it('waits as long as the server says, then lets the person go on', async () => {
    const { posts, answers } = fakeServer();
    answers.push(() => refused(429, {}, { 'Retry-After': '1' }), accepted);
    render(<RegistrationCard />);
    await fillIn();
    await register();
    await screen.findByText('Try again in 1 second.');
    await register();
    expect(posts).toHaveLength(1);
    await screen.findByText(/You can try again now/, {}, { timeout: 2_000 });
    await register();
    await screen.findByText('Thank you, we have it.');
    expect(posts[1]?.key).toBe(posts[0]?.key);
  });

  it('names the request when something is broken', async () => {
    const { answers } = fakeServer();
    answers.push(() => refused(500, { request_id: 'req-42' }));
    render(<RegistrationCard />);
    await fillIn();
    await register();
    expect(await screen.findByText('req-42')).toBeTruthy();
  });
});

describe('what is kept', () => {
  it('keeps what was typed over a reload, until it is sent', async () => {
    const { answers } = fakeServer();
    const first = render(<RegistrationCard />);
    await fillIn();
    first.unmount();
    render(<RegistrationCard />);
    expect(field('E-mail').value).toBe('ada@example.com');
    answers.push(accepted);
    await register();
    await userEvent.click(await screen.findByRole('button', { name: 'Register another person' }));
    expect(field('E-mail').value).toBe('');
    expect(document.activeElement).toBe(field('First name'));
  });

  it('comes back to the timeline after a reload', async () => {
    const { answers } = fakeServer();
    answers.push(accepted);
    const first = render(<RegistrationCard />);
    await fillIn();
    await register();
    await screen.findByText('Thank you, we have it.');
    first.unmount();
    render(<RegistrationCard />);
    expect(screen.getByText('Thank you, we have it.')).toBeTruthy();
  });

  it('lets the person correct an address that refused the e-mail', async () => {
    const { answers } = fakeServer('email_failed');
    answers.push(accepted);
    render(<RegistrationCard />);
    await fillIn();
    await register();
    await userEvent.click(await screen.findByRole('button', { name: 'Correct the address' }));
    expect(document.activeElement).toBe(field('E-mail'));
    expect(field('E-mail').value).toBe('ada@example.com');
  });
});

function describedBy(input: HTMLElement): string {
  const id = input.getAttribute('aria-describedby');
  return (id && document.getElementById(id)?.textContent) || '';
}
