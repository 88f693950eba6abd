import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Stage } from '../model/stages';
import { followRegistration } from './follow-registration';

const MINUTE = 60_000;

describe('followRegistration', () => {
  const server = { status: 'accepted' as Stage, code: 200, calls: [] as number[] };
  const heard = { onStatus: vi.fn(), onConnection: vi.fn() };
  let stop = () => {};

  function follow(until = Date.now() + 30 * MINUTE) {
    stop = followRegistration('/api/registrations/1', until, heard);
  }

  function setHidden(hidden: boolean) {
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
    document.dispatchEvent(new Event('visibilitychange'));
  }

  beforeEach(() => {
    vi.useFakeTimers();
    Object.assign(server, { status: 'accepted', code: 200, calls: [] });
    vi.resetAllMocks();
    vi.stubGlobal('fetch', async () => {
      server.calls.push(Date.now());
      return Response.json(
        { id: '1', status: server.status, timeline: [{ stage: server.status, at: null }] },
        { status: server.code },
      );
    });
  });

  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  it('asks quickly at first and at most every five seconds later', async () => {
    const start = Date.now();
    follow();
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    const gaps = server.calls.map((at, index) => at - (server.calls[index - 1] ?? start));
    expect(gaps[0]).toBe(400);
    expect(gaps).toEqual(gaps.toSorted((a, b) => a - b));
    expect(gaps.at(-1)).toBe(5_000);
  });

  it('reports each stage and ends with the confirmation', async () => {
    follow();
    await vi.advanceTimersByTimeAsync(500);
    server.status = 'confirmed';
    await vi.advanceTimersByTimeAsync(10_000);
    const asked = server.calls.length;
    await vi.advanceTimersByTimeAsync(5 * MINUTE);
    expect(heard.onStatus.mock.calls.map(([{ status }]) => status)).toEqual([
      'accepted',
      'confirmed',
    ]);
    expect(server.calls).toHaveLength(asked);
  });

  it('goes on after a failed e-mail, which may be sent again', async () => {
    server.status = 'email_failed';
    follow();
    await vi.advanceTimersByTimeAsync(MINUTE);
    const asked = server.calls.length;
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(server.calls.length).toBeGreaterThan(asked);
  });

  it('rests while the tab is hidden and asks at once when it is back', async () => {
    follow();
    await vi.advanceTimersByTimeAsync(500);
    setHidden(true);
    await vi.advanceTimersByTimeAsync(5 * MINUTE);
    expect(server.calls).toHaveLength(1);
    setHidden(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(server.calls).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(server.calls.length).toBeGreaterThan(3);
  });

  it('rests, too, when the tab was hidden while an answer was under way', async () => {
    const { fetch } = globalThis;
    vi.stubGlobal('fetch', async (url: string) => {
      setHidden(true);
      return fetch(url);
    });
    follow();
    await vi.advanceTimersByTimeAsync(5 * MINUTE);
    expect(server.calls).toHaveLength(1);
    setHidden(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(server.calls).toHaveLength(2);
  });

  it('stops after the agreed time and says so', async () => {
    follow(Date.now() + MINUTE);
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    const asked = server.calls.length;
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(server.calls).toHaveLength(asked);
    expect(heard.onConnection).toHaveBeenLastCalledWith('stopped');
  });

  it('says that the connection is lost, keeps trying, and says when it is back', async () => {
    server.code = 503;
    follow();
    await vi.advanceTimersByTimeAsync(500);
    expect(heard.onConnection).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(heard.onConnection).toHaveBeenLastCalledWith('lost');
    server.code = 200;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(heard.onConnection).toHaveBeenLastCalledWith('live');
  });
});
