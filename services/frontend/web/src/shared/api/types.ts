import type { components as Database } from './generated/database-service';
import type { components as Frontend } from './generated/frontend';
import type { components as Receiver } from './generated/queue-receiver';
import type { components as Reports } from './generated/report-generator';
import type { components as Sender } from './generated/sender';

/** The services' shapes by the names that the console uses. */
export type Me = Frontend['schemas']['Me'];
export type Role = Frontend['schemas']['Role'];
export type Account = Frontend['schemas']['AccountSummary'];
export type Overview = Frontend['schemas']['Overview'];
export type ServiceState = Frontend['schemas']['ServiceState'];
export type User = Database['schemas']['User'];
export type History = Database['schemas']['RegistrationHistory'];
export type Notification = Sender['schemas']['Notification'];
export type NotificationDetail = Sender['schemas']['NotificationDetail'];
export type NotificationStatus = Sender['schemas']['NotificationStatus'];
export type Template = Sender['schemas']['Template'];
export type Preview = Sender['schemas']['Preview'];
export type Report = Reports['schemas']['Report'];
export type ReportBody = Reports['schemas']['ReportBody'];
export type Schedule = Reports['schemas']['ScheduleBody'];
export type ScheduleChange = Reports['schemas']['ScheduleChange'];
export type DeadLetter = Receiver['schemas']['DeadLetterBody'];
export type Cause = Receiver['schemas']['CauseCount'];
