//! A short round of the crash suite: everything is killed, stopped and cut while people register.

use std::path::Path;

use crash::{Backends, Extent, Settings, play, table};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_in_a_short_round() {
    let mut backends = Backends::servers(1);
    let settings = Settings { seed: 1, extent: Extent::Short, clients: 8, tell: false };
    let round = play(Path::new(env!("CARGO_BIN_EXE_userstream")), &mut backends, settings).await;
    println!("{}\n{}", table::header(), table::line(&round));
    assert!(round.failures.is_empty(), "{:#?}; the logs are in {:?}", round.failures, round.logs);
}
