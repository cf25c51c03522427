//! The loop around the driver: passes, waits and signals, in this process.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;

use super::progress::Progress;
use super::signals::Aborts;
use crate::clock::Clock;
use crate::driver::{self, Act, Assignment, Observe, Snapshot};
use crate::rollout::Wish;

/// How often the display is brought up to date while nothing happens, in real time.
const REFRESH: Duration = Duration::from_millis(500);

/// Drives a rollout to its end.
pub async fn drive<P>(
    ports: &P,
    assignment: &Assignment,
    mut snapshot: Snapshot,
    clock: &Clock,
    aborts: &mut Aborts,
    progress: &mut Progress,
) -> Snapshot
where
    P: Observe + Act + Sync,
{
    while snapshot.state.end().is_none() {
        let wish = aborts.first().map(|signal| Wish::Abort {
            by: signal.to_owned(),
        });
        let pass = driver::pass(ports, assignment, &snapshot, wish, || clock.now()).await;
        progress.show(&pass, clock.now());
        snapshot = pass.snapshot;
        if snapshot.state.end().is_none() {
            wait(clock, pass.wait, aborts, progress).await;
        }
    }
    snapshot
}

/// Waits for the time to pass or a signal to come, whichever is first.
async fn wait(clock: &Clock, wait: SignedDuration, aborts: &mut Aborts, progress: &mut Progress) {
    let due: Timestamp = clock.now().saturating_add(wait).unwrap_or(Timestamp::MAX);
    loop {
        let left = due.duration_since(clock.now());
        let Ok(left) = Duration::try_from(left) else {
            return;
        };
        if left.is_zero() {
            return;
        }
        let nap = clock.real_duration(left).min(REFRESH);
        tokio::select! {
            () = sleep(nap) => progress.refresh(clock.now()),
            () = aborts.wait() => return,
        }
    }
}
