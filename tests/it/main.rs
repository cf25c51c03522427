//! Integration tests, in one binary: each more would link the SDK again.

mod cli;
mod tidy;
mod wire;
