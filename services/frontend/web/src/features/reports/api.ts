import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { reportGenerator } from '@/shared/api/clients';
import { bodyOf } from '@/shared/api/errors';
import type { Report, ReportBody, Schedule, ScheduleChange } from '@/shared/api/types';

const PAGE = 50;

export const reportsQuery = (cursor?: string) =>
  queryOptions({
    queryKey: ['reports', cursor],
    queryFn: ({ signal }) => {
      const query = { limit: PAGE, ...(cursor ? { cursor } : {}) };
      return bodyOf(reportGenerator.GET('/reports', { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
    // A report in the making is watched closely.
    refetchInterval: ({ state }) => (state.data?.items.some(isUnderWay) ? 700 : 5_000),
  });

export const isUnderWay = ({ status }: Report) => status === 'queued' || status === 'running';

export const schedulesQuery = queryOptions({
  queryKey: ['schedules'],
  queryFn: ({ signal }) =>
    bodyOf(reportGenerator.GET('/schedules', { params: { query: { limit: 200 } }, signal })),
  refetchInterval: 10_000,
});

export function createReport(body: ReportBody): Promise<Report> {
  return bodyOf(reportGenerator.POST('/reports', { body }));
}

export async function cancelReport(id: string): Promise<void> {
  await bodyOf(reportGenerator.POST('/reports/{id}/cancel', { params: { path: { id } } }));
}

export async function deleteReport(id: string): Promise<void> {
  await bodyOf(reportGenerator.DELETE('/reports/{id}', { params: { path: { id } } }));
}

export const downloadUrl = (id: string): string => `/api/admin/reports/${id}/download`;

export function createSchedule(body: ScheduleChange): Promise<Schedule> {
  return bodyOf(reportGenerator.POST('/schedules', { body }));
}

export function changeSchedule(id: string, body: ScheduleChange): Promise<Schedule> {
  return bodyOf(reportGenerator.PUT('/schedules/{id}', { params: { path: { id } }, body }));
}

export async function deleteSchedule(id: string): Promise<void> {
  await bodyOf(reportGenerator.DELETE('/schedules/{id}', { params: { path: { id } } }));
}

export async function runSchedule(id: string): Promise<void> {
  await bodyOf(reportGenerator.POST('/schedules/{id}/run', { params: { path: { id } } }));
}
