//! Integration tests, in one binary: each more would link the SDK again.

mod cli;
mod functions;
mod runtime;
mod template;
mod tidy;
mod wire;
