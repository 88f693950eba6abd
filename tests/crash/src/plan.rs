//! What hits the system in a round, and in which order.

use std::fmt;

use fastrand::Rng;
use testkit::Role;

/// One thing that goes wrong, or changes, and is put right after a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// SIGKILL to one copy.
    Kill(Role),
    /// SIGKILL to all copies at once.
    KillAll(Role),
    /// SIGTERM to one copy.
    Stop(Role),
    /// One more copy comes, and goes by SIGTERM.
    Visit(Role),
    /// PostgreSQL is stopped: who is connected is cut off.
    StopDatabase,
    /// SIGKILL to PostgreSQL.
    KillDatabase,
    /// SIGKILL to RabbitMQ; of a cluster, to the node that leads `user.registration`.
    KillBroker,
    /// A network that does not do what it should.
    Hinder(Line, Trouble),
    /// Somebody asks for a report.
    Report,
}

/// A way between two of the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// From all services to the Database Service.
    DatabaseService,
    /// From the Database Service to PostgreSQL.
    Database,
    /// From all services to RabbitMQ.
    Broker,
}

/// What happens on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Connections close, new ones are refused.
    Cut,
    /// Each piece comes late.
    Delay,
    /// Nothing passes, and nobody is told.
    Stall,
}

/// What there is to hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    /// Services on files.
    Embedded,
    /// Services on servers of their own.
    Servers,
}

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    Full,
    /// A few of each kind, for every day.
    Short,
}

/// Draws the steps of a round. What shares a step happens at the same time.
pub(crate) fn draw(rng: &mut Rng, ground: Ground, extent: Extent) -> Vec<Vec<Blow>> {
    let mut extras: Vec<_> = Role::ALL.map(Blow::Stop).to_vec();
    extras.extend(Role::ALL.map(Blow::KillAll));
    let mut lines = vec![Line::DatabaseService];
    if ground == Ground::Servers {
        lines.extend([Line::Database, Line::Broker]);
    }
    let mut hindered = Vec::new();
    for trouble in [Trouble::Cut, Trouble::Delay, Trouble::Stall] {
        hindered.extend(lines.iter().map(|line| Blow::Hinder(*line, trouble)));
    }
    let full = extent == Extent::Full;
    let mut some = |mut of: Vec<Blow>, of_full: usize, of_short: usize| {
        rng.shuffle(&mut of);
        of.truncate(if full { of_full } else { of_short });
        of
    };
    let mut blows = some(Role::ALL.map(Blow::Kill).to_vec(), Role::ALL.len(), 3);
    blows.extend(some(extras, 4, 1));
    blows.extend(some(Role::ALL.map(Blow::Visit).to_vec(), 3, 1));
    blows.extend(some(hindered, 6, 2));
    blows.push(Blow::Report);
    if ground == Ground::Servers {
        blows.extend([Blow::KillDatabase, Blow::KillBroker]);
        blows.extend(full.then_some(Blow::StopDatabase));
    }
    rng.shuffle(&mut blows);
    group(&blows, rng)
}

/// Now and then two things happen at once.
fn group(blows: &[Blow], rng: &mut Rng) -> Vec<Vec<Blow>> {
    let mut steps: Vec<Vec<Blow>> = Vec::new();
    for blow in blows {
        match steps.last_mut() {
            Some(step) if step.len() == 1 && !same_thing(step[0], *blow) && rng.bool() => {
                step.push(*blow);
            }
            _ => steps.push(vec![*blow]),
        }
    }
    steps
}

/// Whether two blows hit the same thing, so that one would mend what the other broke.
fn same_thing(one: Blow, other: Blow) -> bool {
    let role = |blow| match blow {
        Blow::Kill(role) | Blow::KillAll(role) | Blow::Stop(role) | Blow::Visit(role) => Some(role),
        _ => None,
    };
    let on_database = |blow| matches!(blow, Blow::StopDatabase | Blow::KillDatabase);
    match (one, other) {
        (Blow::Hinder(one, _), Blow::Hinder(other, _)) => one == other,
        _ if on_database(one) => on_database(other),
        _ => role(one).is_some() && role(one) == role(other),
    }
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(role) => write!(f, "SIGKILL to a {}", role.name()),
            Self::KillAll(role) => write!(f, "SIGKILL to every {}", role.name()),
            Self::Stop(role) => write!(f, "SIGTERM to a {}", role.name()),
            Self::Visit(role) => write!(f, "one more {} comes and goes", role.name()),
            Self::StopDatabase => f.write_str("PostgreSQL stopped"),
            Self::KillDatabase => f.write_str("SIGKILL to PostgreSQL"),
            Self::KillBroker => f.write_str("SIGKILL to RabbitMQ"),
            Self::Hinder(line, trouble) => {
                let line = match line {
                    Line::DatabaseService => "database-service",
                    Line::Database => "PostgreSQL",
                    Line::Broker => "RabbitMQ",
                };
                let trouble = match trouble {
                    Trouble::Cut => "cut",
                    Trouble::Delay => "slow",
                    Trouble::Stall => "silent",
                };
                write!(f, "connections to {line} {trouble}")
            }
            Self::Report => f.write_str("a report"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_round_again_and_every_service_is_killed_in_each() {
        for seed in 0..20 {
            let round = |extent| draw(&mut Rng::with_seed(seed), Ground::Servers, extent).concat();
            let full = round(Extent::Full);
            assert_eq!(full, round(Extent::Full));
            for blow in Role::ALL.map(Blow::Kill) {
                assert!(full.contains(&blow), "{seed}: no {blow}");
            }
            for extent in [Extent::Full, Extent::Short] {
                for blow in [Blow::KillDatabase, Blow::KillBroker, Blow::Report] {
                    assert!(round(extent).contains(&blow), "{seed}: no {blow}");
                }
            }
        }
    }
}
