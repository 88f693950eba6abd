//! Lists, page by page.

use domain::UserFilter;

use super::{AnyStore, address, ask_for, new_report, person, registration};
use crate::{NewReport, NotificationFilter, Order};

pub async fn pages_visit_each_user_once(store: AnyStore) {
    let batch: Vec<_> = (0..23).map(|n| registration(&address(n))).collect();
    store.record(&batch).await.unwrap();
    let expected: Vec<_> = (0..23).map(address).collect();
    let reversed: Vec<_> = expected.iter().rev().cloned().collect();
    let ways = [(Order::Ascending, &expected), (Order::Descending, &reversed)];
    for (limit, (order, expected)) in
        [1, 5, 22, 23, 24, 500].into_iter().flat_map(|n| ways.map(|way| (n, way)))
    {
        let (mut emails, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = store.users(&UserFilter::default(), after, limit, order).await.unwrap();
            assert!(page.items.len() <= usize::try_from(limit).unwrap());
            assert_eq!(page.next.is_some(), emails.len() + page.items.len() < 23);
            emails.extend(page.items.into_iter().map(|user| user.email));
            after = page.next;
            pages += 1;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(&emails, expected);
        assert_eq!(pages, 23_u32.div_ceil(limit));
    }
}

pub async fn pages_hold_while_rows_come_and_go(store: AnyStore) {
    let batch: Vec<_> = (0..40).map(|n| registration(&address(n))).collect();
    let recorded = store.record(&batch).await.unwrap();
    let ids: Vec<_> = recorded.iter().map(|r| r.user_id.unwrap()).collect();
    let (mut seen, mut after, mut n) = (Vec::new(), None, 0);
    let mut deleted = Vec::new();
    loop {
        let page = store.users(&UserFilter::default(), after, 7, Order::Ascending).await.unwrap();
        seen.extend(page.items.iter().map(|user| user.id));
        let Some(next) = page.next else { break };
        after = Some(next);
        // The last one seen goes, which the cursor points at; one not seen yet goes; one comes.
        assert!(store.delete_user(next).await.unwrap());
        if let Some(ahead) = ids.iter().find(|id| id.0 > next.0 + 3) {
            assert!(store.delete_user(*ahead).await.unwrap());
            deleted.push(*ahead);
        }
        if n < 3 {
            store.create_user(&person(&address(100 + n))).await.unwrap().unwrap();
            n += 1;
        }
    }
    assert!(seen.is_sorted_by(|a, b| a < b), "in order, and none twice");
    let expected: Vec<_> = ids.iter().filter(|id| !deleted.contains(id)).copied().collect();
    assert_eq!(seen[..expected.len()], expected, "each that was there throughout");
    assert_eq!(seen.len(), expected.len() + 3, "and those that came behind the cursor");
}

pub async fn pages_visit_each_notification_once(store: AnyStore) {
    let batch: Vec<_> = (0..11).map(|n| registration(&address(n))).collect();
    let recorded = store.record(&batch).await.unwrap();
    let newest_first: Vec<_> = recorded.iter().rev().map(|r| r.notification_id.unwrap()).collect();
    for limit in [1, 4, 11, 100] {
        let (mut ids, mut before) = (Vec::new(), None);
        loop {
            let filter = NotificationFilter::default();
            let page = store.notifications(&filter, before, limit).await.unwrap();
            ids.extend(page.items.into_iter().map(|n| n.notification_id));
            before = page.next;
            if before.is_none() {
                break;
            }
            // What comes meanwhile comes before the first page.
            let new = registration(&format!("new.{limit}.{}@example.com", ids.len()));
            store.record(&[new]).await.unwrap();
        }
        let known: Vec<_> = ids.iter().filter(|id| newest_first.contains(id)).copied().collect();
        assert_eq!(known, newest_first, "{limit}");
        assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len());
    }
}

pub async fn pages_visit_each_report_once(store: AnyStore) {
    let mut newest_first = Vec::new();
    for n in 0..7 {
        let report = NewReport { report_name: format!("report {n}"), ..new_report() };
        newest_first.insert(0, ask_for(&store, &report).await);
    }
    for limit in [1, 3, 7, 100] {
        let (mut reports, mut before) = (Vec::new(), None);
        loop {
            let page = store.reports(before, limit).await.unwrap();
            reports.extend(page.items);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(reports, newest_first, "{limit}");
    }
}
