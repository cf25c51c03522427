//! The `canary` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda_canary::cli::main()
}
