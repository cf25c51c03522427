//! Writing to the terminal without ever waiting for it, or failing because it is gone.
//!
//! A terminal can stop reading (Ctrl-S, a dropped connection, a pipe nobody drains), and then a
//! write to it blocks. A rollout must go on and be able to roll back all the same, so everything
//! for stderr goes through a queue to a thread of its own; what does not fit is dropped.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::oneshot;

use super::error::CliError;

/// So many lines may wait for a terminal that has stopped reading.
const QUEUE: usize = 1024;
/// How long the end of the process waits for the terminal to take what is queued.
const FAREWELL: Duration = Duration::from_secs(1);

/// The process' standard streams: results go to stdout, everything else to stderr.
#[derive(Debug, Clone)]
pub struct Console {
    queue: SyncSender<Message>,
    interactive: bool,
    terminal: bool,
}

#[derive(Debug)]
enum Message {
    Text(Vec<u8>),
    Bar { percent: u64, message: String },
    NoBar,
    Flush(SyncSender<()>),
}

impl Console {
    /// Looks at what the streams are connected to, and starts the thread that writes.
    pub fn new() -> Self {
        let terminal = io::stderr().is_terminal();
        let (queue, messages) = sync_channel(QUEUE);
        thread::spawn(move || write_all(&messages));
        Self {
            queue,
            interactive: terminal && io::stdin().is_terminal(),
            terminal,
        }
    }

    /// Whether a person sees stderr directly.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Whether a person can be asked.
    pub fn can_ask(&self) -> bool {
        self.interactive
    }

    /// A result, on stdout. Results come when the work is done, so this may wait for the reader.
    ///
    /// # Errors
    /// If it could not be written: whoever asked for it does not have it.
    pub fn result(&self, text: &str) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        written(writeln!(out, "{text}").and_then(|()| out.flush()))
    }

    /// One line of a result that has many, on stdout; false if its reader has gone, so that no
    /// more are worth their while.
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub fn line(&self, text: &str) -> Result<bool, CliError> {
        match writeln!(io::stdout().lock(), "{text}") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            result => written(result).map(|()| true),
        }
    }

    /// Everything that is not a result, on stderr.
    pub fn say(&self, text: &str) {
        self.text(format!("{text}\n").into_bytes());
    }

    /// An error with its hints, on stderr.
    pub fn error(&self, error: &CliError) {
        self.say(&format!("error: {}", error.what));
        for hint in &error.hints {
            self.say(&format!("  hint: {hint}"));
        }
    }

    /// The progress bar, below everything that is said.
    pub fn bar(&self, percent: u64, message: String) {
        self.send(Message::Bar { percent, message });
    }

    /// Takes the progress bar away.
    pub fn no_bar(&self) {
        self.send(Message::NoBar);
    }

    /// Waits until everything is written, but no longer than a moment.
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        self.send(Message::Flush(done));
        let _ = written.recv_timeout(FAREWELL);
    }

    /// Asks a yes-or-no question; anything but yes is no. The answer is read by a thread of its
    /// own, so that the caller can stop waiting for it.
    pub async fn ask(&self, question: &str) -> bool {
        self.text(format!("{question} [y/N] ").into_bytes());
        let (answered, answer) = oneshot::channel();
        thread::spawn(move || {
            let mut line = String::new();
            let read = io::stdin().lock().read_line(&mut line);
            let yes = matches!(line.trim().to_lowercase().as_str(), "y" | "yes");
            let _ = answered.send(read.is_ok() && yes);
        });
        answer.await.unwrap_or(false)
    }

    fn text(&self, text: Vec<u8>) {
        self.send(Message::Text(text));
    }

    fn send(&self, message: Message) {
        match self.queue.try_send(message) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}

/// What came of writing to stdout. A reader that has gone (`| head`) has what it wanted; that is no
/// failure.
///
/// # Errors
/// Any other failure, such as a full disk.
pub fn written(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::plain(format!(
            "the result could not be written to stdout: {error}"
        ))
        .hint("look at where stdout goes: a full disk, or a device that takes nothing")),
        _ => Ok(()),
    }
}

/// For log lines.
impl Write for Console {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.text(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(messages: &Receiver<Message>) {
    let mut bar: Option<ProgressBar> = None;
    while let Ok(message) = messages.recv() {
        match message {
            Message::Text(text) => {
                // Nobody may be reading any more; the work goes on.
                let write = || drop(io::stderr().write_all(&text));
                match &bar {
                    Some(bar) => bar.suspend(write),
                    None => write(),
                }
            }
            Message::Bar { percent, message } => {
                let bar = bar.get_or_insert_with(new_bar);
                bar.set_position(percent);
                bar.set_message(message);
            }
            Message::NoBar => {
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                }
            }
            Message::Flush(done) => drop(done.send(())),
        }
    }
}

fn new_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:20} {wide_msg}");
    // The template is a constant that is known to parse.
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(100).with_style(style.progress_chars("█▌░"))
}
