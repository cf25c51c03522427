//! Writing to the terminal without ever failing because it is gone.

use std::io::{self, BufRead, IsTerminal, Write};

use super::error::CliError;

/// The process' standard streams: results go to stdout, everything else to stderr.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    interactive: bool,
    terminal: bool,
}

impl Console {
    /// Looks at what the streams are connected to.
    pub fn new() -> Self {
        let terminal = io::stderr().is_terminal();
        Self {
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

    /// A result, on stdout.
    pub fn result(&self, text: &str) {
        // The reader may have gone (`| head`); the work goes on.
        let _ = writeln!(io::stdout(), "{text}");
    }

    /// Everything that is not a result, on stderr.
    pub fn say(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// An error with its hints, on stderr.
    pub fn error(&self, error: &CliError) {
        self.say(&format!("error: {}", error.what));
        for hint in &error.hints {
            self.say(&format!("  hint: {hint}"));
        }
    }

    /// Asks a yes-or-no question; anything but yes is no.
    pub fn ask(&self, question: &str) -> bool {
        let _ = write!(io::stderr(), "{question} [y/N] ");
        let _ = io::stderr().flush();
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }
}
