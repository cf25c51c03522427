//! The loop around the driver: passes, waits and signals, in this process.

use std::time::Duration;

use jiff::SignedDuration;
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
        let asked = aborts.first();
        let wish = asked.map(|signal| Wish::Abort {
            by: signal.to_owned(),
        });
        let pass = driver::pass(ports, assignment, &snapshot, Ok(wish), || clock.now()).await;
        progress.show(&pass, clock.now());
        snapshot = pass.snapshot;
        if snapshot.state.end().is_none() {
            wait(clock, pass.wait, asked.is_none(), aborts, progress).await;
        }
    }
    snapshot
}

/// Waits for the time to pass. A signal that no pass has been told of yet ends the wait, also one
/// that came during the pass.
async fn wait(
    clock: &Clock,
    wait: SignedDuration,
    interruptible: bool,
    aborts: &mut Aborts,
    progress: &mut Progress,
) {
    let mut left = clock.real_duration(Duration::try_from(wait).unwrap_or_default());
    while !left.is_zero() {
        let nap = left.min(REFRESH);
        tokio::select! {
            () = sleep(nap) => progress.refresh(clock.now()),
            () = aborts.wait(), if interruptible => return,
        }
        left -= nap;
    }
}
