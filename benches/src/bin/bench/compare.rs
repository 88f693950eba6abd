//! Several builds beside each other: by turns, on the same servers, in the same minutes. What a change
//! brings is smaller than what a shared machine takes and gives from one minute to the next.

use crate::{
    CONNECTIONS, ROUND, Subject,
    alone::Alone,
    load::Load,
    median, peers,
    servers::{MESSAGE_BYTES, Servers},
};

const ROUNDS: usize = 15;

/// Intake of each on RabbitMQ, as a part of the raw publisher.
pub(crate) async fn rabbitmq(subjects: &[Subject]) {
    let mut servers: Vec<Servers> = Vec::new();
    let mut frontends = Vec::new();
    let mut url = String::new();
    for subject in subjects {
        let servers_of = match servers.first() {
            None => Servers::start(subject),
            Some(first) => first.with(subject),
        };
        url = servers_of.broker.fresh_url();
        frontends.push(servers_of.frontend(&url).await);
        servers.push(servers_of);
    }
    let mut rabbitmq = vec![vec![]; subjects.len()];
    for round in 0..ROUNDS {
        let raw = peers::raw_publisher(&url, MESSAGE_BYTES, ROUND).await.expect("published");
        for n in turns(round, subjects.len()) {
            let load = Load::of_registrations(&frontends[n].1, round).run(CONNECTIONS, ROUND).await;
            rabbitmq[n].push(load.per_second / raw);
        }
    }
    show("intake on RabbitMQ : raw publisher", subjects, rabbitmq);
}

/// Intake of each on the embedded queue, the Frontend alone, as a part of live.
pub(crate) async fn embedded(subjects: &[Subject]) {
    let mut alone = Vec::new();
    for subject in subjects {
        alone.push(Alone::start(&subject.binary).await);
    }
    let mut embedded = vec![vec![]; subjects.len()];
    for round in 0..ROUNDS {
        for n in turns(round, subjects.len()) {
            let address = alone[n].address();
            let live = Load::of_live(address).run(CONNECTIONS, ROUND / 2).await;
            let load = Load::of_registrations(address, round).run(CONNECTIONS, ROUND).await;
            embedded[n].push(load.per_second / live.per_second);
        }
    }
    show("intake on the embedded queue : live", subjects, embedded);
}

/// Who is measured when in a round: nobody is always the first.
fn turns(round: usize, subjects: usize) -> impl Iterator<Item = usize> {
    (0..subjects).map(move |n| (n + round) % subjects)
}

fn show(what: &str, subjects: &[Subject], ratios: Vec<Vec<f64>>) {
    println!("{what}");
    for (subject, mut ratios) in subjects.iter().zip(ratios) {
        ratios.sort_by(f64::total_cmp);
        let (lowest, highest) = (ratios[0], ratios[ratios.len() - 1]);
        let ratio = median(ratios);
        println!("  {ratio:.3} ({lowest:.2} to {highest:.2})  {}", subject.binary.display());
    }
}
