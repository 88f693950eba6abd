import createClient from 'openapi-fetch';
import type { paths as Database } from './generated/database-service';
import type { paths as Frontend } from './generated/frontend';
import type { paths as Receiver } from './generated/queue-receiver';
import type { paths as Reports } from './generated/report-generator';
import type { paths as Sender } from './generated/sender';

/** The Frontend carries the services' own calls on under this path. */
const carried = { baseUrl: '/api/admin' };

/** The Frontend's own calls, with their whole path. */
export const frontend = createClient<Frontend>();
export const database = createClient<Database>(carried);
export const sender = createClient<Sender>(carried);
export const receiver = createClient<Receiver>(carried);
export const reportGenerator = createClient<Reports>(carried);
