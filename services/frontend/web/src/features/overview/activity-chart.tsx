import { AreaChart } from '@mantine/charts';
import { Text } from '@mantine/core';
import type { Overview } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { clock, number } from '@/shared/i18n/console/format';
import { directionOf, pageLanguage } from '@/shared/i18n/language';

const MINUTE = 60_000;

type Props = { at: string; minutes: NonNullable<Overview['minutes']> };

/** The last hour at a glance, and the numbers behind it as a table. */
export function ActivityChart({ at, minutes }: Props) {
  const data = series(at, minutes);
  const come = data.filter(({ count }) => count > 0);
  return (
    <>
      <div aria-hidden="true" dir="ltr">
        <AreaChart
          className="chart"
          h={180}
          data={data}
          dataKey="time"
          series={[{ name: 'count', label: t.overview.people, color: 'var(--accent)' }]}
          curveType="linear"
          strokeWidth={2}
          withDots={false}
          withGradient={false}
          fillOpacity={0.14}
          gridAxis="x"
          tickLine="none"
          valueFormatter={number}
          areaProps={{ isAnimationActive: false }}
          areaChartProps={{ accessibilityLayer: false }}
          xAxisProps={{ minTickGap: 48, reversed: directionOf(pageLanguage()) === 'rtl' }}
          yAxisProps={{
            allowDecimals: false,
            width: 44,
            domain: [0, (max: number) => roundUp(max)],
            orientation: directionOf(pageLanguage()) === 'rtl' ? 'right' : 'left',
          }}
        />
      </div>
      <details>
        <summary>
          <Text span size="sm" c="dimmed">
            {t.overview.chartNumbers}
          </Text>
        </summary>
        {come.length === 0 ? (
          <Text size="sm">{t.overview.quiet}</Text>
        ) : (
          <table className="numbers tabular">
            <thead>
              <tr>
                <th>{t.overview.minute}</th>
                <th>{t.overview.people}</th>
              </tr>
            </thead>
            <tbody>
              {come.reverse().map(({ time, count }) => (
                <tr key={time}>
                  <td>{time}</td>
                  <td>{number(count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </details>
    </>
  );
}

/** The end of a scale whose quarters are whole numbers. */
function roundUp(max: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(max, 1))) - 1) * 4;
  return Math.max(4, Math.ceil(max / step) * step);
}

/** Every minute of the hour, those too in which nobody came. */
function series(at: string, minutes: Props['minutes']) {
  const counts = new Map(minutes.map(({ minute, count }) => [Date.parse(minute), count]));
  const last = Math.floor(Date.parse(at) / MINUTE) * MINUTE;
  return Array.from({ length: 60 }, (_, n) => {
    const minute = last - (59 - n) * MINUTE;
    return { time: clock(minute), count: counts.get(minute) ?? 0 };
  });
}
