//! SIGINT, SIGTERM and SIGHUP as an operator's wish to abort.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::console::Console;

/// Tells which signal asked for an abort first. Later ones change nothing: the rollback that the
/// first one started must come to its end.
#[derive(Debug, Clone)]
pub struct Aborts(watch::Receiver<Option<&'static str>>);

impl Aborts {
    /// Takes over the three signals from now on, and says at once that one was heard and what
    /// follows from it.
    ///
    /// # Errors
    /// If the operating system does not allow that.
    pub fn listen(console: &Console, follows: &'static str) -> std::io::Result<Self> {
        let (sender, receiver) = watch::channel(None);
        let kinds = [
            (SignalKind::interrupt(), "SIGINT"),
            (SignalKind::terminate(), "SIGTERM"),
            (SignalKind::hangup(), "SIGHUP"),
        ];
        for (kind, name) in kinds {
            let mut stream = signal(kind)?;
            let sender = sender.clone();
            let console = console.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    console.say(&format!("{name}: {follows}"));
                    sender.send_if_modified(|first| {
                        let modified = first.is_none();
                        first.get_or_insert(name);
                        modified
                    });
                }
            });
        }
        Ok(Self(receiver))
    }

    /// The signal that came first, if one came.
    pub fn first(&self) -> Option<&'static str> {
        *self.0.borrow()
    }

    /// Waits for the first signal; returns at once if one has come already.
    pub async fn wait(&mut self) {
        // Fails only when nobody can send any more, and then no signal can come.
        if self.0.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
