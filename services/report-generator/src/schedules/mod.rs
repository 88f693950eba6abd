//! Reports that are asked for by the clock.

mod recurrence;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Event, ReportId, ReportRequested};
use queue::{Queue, REPORT_REQUESTS};
use serde::Deserialize;
use store::{MissedSlots, Reports, Schedule, Schedules, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub(crate) use self::recurrence::Recurrence;
use crate::{Interruption, api::ReportBody, requests::log_entry};

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Schedules that are looked at together.
const TOGETHER: u32 = 100;
/// How late a slot may be and still not be missed.
const GRACE: TimeDelta = TimeDelta::minutes(5);

/// Asks for the report of each slot as it comes. Any number of generators do so side by side: they all name the
/// report of one slot alike, and it is made once.
#[derive(Clone)]
pub(crate) struct Scheduler {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) schedules: Arc<dyn Schedules>,
    pub(crate) reports: Arc<dyn Reports>,
}

impl Scheduler {
    /// Looks every second, until shutdown.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let mut told = false;
        while shutdown.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
            match self.tick(Utc::now()).await {
                Ok(()) => told = false,
                Err(error) if !told => {
                    warn!(%error, "schedules are looked at later");
                    told = true;
                }
                Err(_) => {}
            }
        }
    }

    /// Sees to every slot that has come by now. A schedule that cannot be seen to holds up no other, and is
    /// told in the end; an outage is told at once.
    pub(crate) async fn tick(&self, now: DateTime<Utc>) -> Result<(), Interruption> {
        let mut seen_to = Ok(());
        for schedule in self.schedules.due_schedules(now, TOGETHER).await? {
            match self.see_to(&schedule, now).await {
                Ok(()) => {}
                Err(Interruption::Store(StoreError::Failed(cause))) => {
                    let cause = format!("schedule {}: {cause}", schedule.schedule_id);
                    seen_to = Err(StoreError::Failed(cause).into());
                }
                Err(away) => return Err(away),
            }
        }
        seen_to
    }

    /// Sees to the slot of a schedule that has come.
    async fn see_to(&self, schedule: &Schedule, now: DateTime<Utc>) -> Result<(), Interruption> {
        let Some(slot) = schedule.next_run_at else { return Ok(()) };
        let id = schedule.schedule_id;
        let next = match Recurrence::parse(&schedule.cron, &schedule.timezone) {
            Ok(recurrence) => {
                if is_wanted(schedule, &recurrence, now) {
                    self.ask(schedule, ReportId::of_slot(id, slot)).await?;
                    info!(schedule_id = %id, %slot, "a report was asked for by its schedule");
                } else {
                    info!(schedule_id = %id, %slot, "a slot was missed, and is not made up for");
                }
                recurrence.after(now)
            }
            // As when a zone is no more.
            Err(mistakes) => {
                error!(schedule_id = %id, ?mistakes, "a schedule cannot be read, and stops");
                None
            }
        };
        // Last: until here the slot would come again, and the report be the same.
        self.schedules.advance_schedule(id, slot, next).await?;
        Ok(())
    }

    async fn ask(&self, schedule: &Schedule, report_id: ReportId) -> Result<(), Interruption> {
        match request(schedule, report_id, schedule.created_by.clone()) {
            Ok(request) => {
                let entry = log_entry(&request);
                REPORT_REQUESTS
                    .publish(&*self.queue, [(Event::new(crate::SOURCE, request), None)])
                    .await?;
                // Durable already: whoever makes it would enter it too.
                self.reports.request_report(&entry).await?;
            }
            Err(error) => {
                error!(schedule_id = %schedule.schedule_id, %error, "its report cannot be read");
            }
        }
        Ok(())
    }
}

/// Whether there is to be a report for what has come since the last.
fn is_wanted(schedule: &Schedule, recurrence: &Recurrence, now: DateTime<Utc>) -> bool {
    match schedule.missed {
        MissedSlots::Once => true,
        MissedSlots::Skip => recurrence.after(now - GRACE).is_some_and(|recent| recent <= now),
    }
}

/// The request for a report of a schedule.
pub(crate) fn request(
    schedule: &Schedule,
    report_id: ReportId,
    requested_by: Option<String>,
) -> Result<ReportRequested, serde_json::Error> {
    let body = ReportBody::deserialize(&schedule.report)?;
    Ok(ReportRequested {
        report_name: Some(schedule.report_name.clone()),
        requested_by,
        schedule_id: Some(schedule.schedule_id),
        deliver_to: schedule.deliver_to.clone(),
        ..body.into_request(report_id)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use async_trait::async_trait;
    use domain::ScheduleId;
    use serde_json::json;
    use store::{NewSchedule, Page, SqliteStore};
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;

    /// Generators side by side, on one queue and one database, and a clock that stands still.
    struct House {
        generators: [Scheduler; 2],
        store: Arc<SqliteStore>,
        _folder: TempDir,
    }

    impl House {
        async fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Arc::new(SqliteStore::open(&folder.path().join("rows.db")).await.unwrap());
            let url = format!("sqlite:{}", folder.path().join("queue.db").display());
            let queue = queue::open(&url, None).await.unwrap();
            let scheduler = Scheduler { queue, schedules: store.clone(), reports: store.clone() };
            Self { generators: [scheduler.clone(), scheduler], store, _folder: folder }
        }

        async fn schedule(
            &self,
            cron: &str,
            zone: &str,
            now: &str,
            missed: MissedSlots,
        ) -> Schedule {
            let new = NewSchedule {
                schedule_id: ScheduleId(Uuid::now_v7()),
                report_name: "Every day".into(),
                cron: cron.into(),
                timezone: zone.into(),
                report: json!({"format": "csv", "report_name": "another"}),
                deliver_to: vec!["ada@example.com".into()],
                missed,
                enabled: true,
                created_by: Some("eve@example.com".into()),
                next_run_at: Recurrence::parse(cron, zone).unwrap().after(at(now)),
            };
            self.store.create_schedule(&new).await.unwrap()
        }

        /// Both generators look, at the same time.
        async fn look(&self, now: DateTime<Utc>) {
            let [one, two] = &self.generators;
            let (one, two) = tokio::join!(one.tick(now), two.tick(now));
            one.unwrap();
            two.unwrap();
        }

        /// Reports in the log.
        async fn asked_for(&self) -> usize {
            let log = self.store.reports(None, 1000).await.unwrap().items;
            let ids: BTreeSet<_> = log.iter().map(|report| report.report_id).collect();
            assert_eq!(ids.len(), log.len());
            ids.len()
        }

        async fn next_run(&self, schedule: &Schedule) -> Option<DateTime<Utc>> {
            self.store.schedule(schedule.schedule_id).await.unwrap().unwrap().next_run_at
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn each_slot_is_one_report_however_many_generators_look() {
        let house = House::open().await;
        let schedule =
            house.schedule("* * * * *", "UTC", "2026-05-01T10:00:30Z", MissedSlots::Once).await;
        for (second, reports) in [(59, 0), (60, 1), (61, 1), (119, 1), (120, 2), (300, 3), (301, 3)]
        {
            house.look(at("2026-05-01T10:00:00Z") + TimeDelta::seconds(second)).await;
            assert_eq!(house.asked_for().await, reports, "after {second} s");
        }
        assert_eq!(house.next_run(&schedule).await, Some(at("2026-05-01T10:06:00Z")));
        let report = house.store.reports(None, 1).await.unwrap().items.remove(0);
        assert_eq!(report.report_name, "Every day");
        assert_eq!(report.schedule_id, Some(schedule.schedule_id));
        assert_eq!(report.requested_by.as_deref(), Some("eve@example.com"));
    }

    /// Through the night of each clock change, minute by minute.
    #[tokio::test]
    async fn a_clock_change_doubles_nothing_and_drops_nothing() {
        for (zone, cron, nights) in [
            ("Europe/Berlin", "30 2 * * *", ["2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"]),
            ("America/New_York", "30 2 * * *", ["2026-03-07T12:00:00Z", "2026-10-31T12:00:00Z"]),
            ("America/New_York", "30 1 * * *", ["2026-03-07T12:00:00Z", "2026-10-31T12:00:00Z"]),
        ] {
            for night in nights {
                let house = House::open().await;
                house.schedule(cron, zone, night, MissedSlots::Once).await;
                for quarter in 0..(24 * 4) {
                    house.look(at(night) + TimeDelta::minutes(15 * quarter)).await;
                }
                assert_eq!(house.asked_for().await, 1, "{zone}, {cron}, {night}");
            }
        }
    }

    #[tokio::test]
    async fn missed_slots_are_made_up_for_once_or_not_at_all() {
        let house = House::open().await;
        let start = "2026-05-01T10:00:00Z";
        let once = house.schedule("0 * * * *", "UTC", start, MissedSlots::Once).await;
        house.look(at("2026-05-01T15:30:00Z")).await;
        assert_eq!(house.asked_for().await, 1, "five slots are one report");
        assert_eq!(house.next_run(&once).await, Some(at("2026-05-01T16:00:00Z")));

        let house = House::open().await;
        let skip = house.schedule("0 * * * *", "UTC", start, MissedSlots::Skip).await;
        house.look(at("2026-05-01T15:30:00Z")).await;
        assert_eq!(house.asked_for().await, 0);
        assert_eq!(house.next_run(&skip).await, Some(at("2026-05-01T16:00:00Z")));
        house.look(at("2026-05-01T18:04:00Z")).await;
        assert_eq!(house.asked_for().await, 1, "a slot that is a little late is not missed");
    }

    #[tokio::test]
    async fn what_cannot_be_read_stops_and_holds_nobody_up() {
        let house = House::open().await;
        let start = "2026-05-01T10:00:00Z";
        let good = house.schedule("* * * * *", "UTC", start, MissedSlots::Once).await;
        let mut broken = NewSchedule {
            schedule_id: ScheduleId(Uuid::now_v7()),
            report_name: "broken".into(),
            cron: "* * * *".into(),
            timezone: "Mars/Base".into(),
            report: json!({"format": "csv"}),
            deliver_to: Vec::new(),
            missed: MissedSlots::Once,
            enabled: true,
            created_by: None,
            next_run_at: Some(at(start)),
        };
        let unreadable = house.store.create_schedule(&broken).await.unwrap();
        broken.schedule_id = ScheduleId(Uuid::now_v7());
        (broken.cron, broken.timezone) = ("* * * * *".into(), "UTC".into());
        broken.report = json!({"no": "report"});
        house.store.create_schedule(&broken).await.unwrap();
        house.look(at("2026-05-01T10:01:00Z")).await;
        assert_eq!(house.asked_for().await, 1);
        assert_eq!(house.next_run(&unreadable).await, None);
        assert_eq!(house.next_run(&good).await, Some(at("2026-05-01T10:02:00Z")));
    }

    /// A database that fails at one schedule.
    struct Picky {
        store: Arc<SqliteStore>,
        fails_at: ScheduleId,
    }

    #[async_trait]
    impl Schedules for Picky {
        async fn create_schedule(&self, new: &NewSchedule) -> Result<Schedule, StoreError> {
            self.store.create_schedule(new).await
        }

        async fn update_schedule(&self, new: &NewSchedule) -> Result<Option<Schedule>, StoreError> {
            self.store.update_schedule(new).await
        }

        async fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
            self.store.schedule(id).await
        }

        async fn schedules(
            &self,
            before: Option<i64>,
            limit: u32,
        ) -> Result<Page<Schedule, i64>, StoreError> {
            self.store.schedules(before, limit).await
        }

        async fn delete_schedule(&self, id: ScheduleId) -> Result<bool, StoreError> {
            self.store.delete_schedule(id).await
        }

        async fn due_schedules(
            &self,
            now: DateTime<Utc>,
            limit: u32,
        ) -> Result<Vec<Schedule>, StoreError> {
            self.store.due_schedules(now, limit).await
        }

        async fn advance_schedule(
            &self,
            id: ScheduleId,
            from: DateTime<Utc>,
            to: Option<DateTime<Utc>>,
        ) -> Result<(), StoreError> {
            if id == self.fails_at {
                return Err(StoreError::Failed("it does not fit".into()));
            }
            self.store.advance_schedule(id, from, to).await
        }
    }

    #[tokio::test]
    async fn what_cannot_be_stored_holds_nobody_up() {
        let house = House::open().await;
        let start = "2026-05-01T10:00:00Z";
        let bad = house.schedule("* * * * *", "UTC", start, MissedSlots::Once).await.schedule_id;
        let good = house.schedule("* * * * *", "UTC", start, MissedSlots::Once).await;
        let picky = Arc::new(Picky { store: house.store.clone(), fails_at: bad });
        let scheduler = Scheduler { schedules: picky, ..house.generators[0].clone() };
        let told = scheduler.tick(at("2026-05-01T10:01:00Z")).await.unwrap_err().to_string();
        assert!(told.contains(&bad.to_string()) && told.contains("it does not fit"), "{told}");
        assert_eq!(house.asked_for().await, 2);
        assert_eq!(house.next_run(&good).await, Some(at("2026-05-01T10:02:00Z")));
    }
}
