//! The Lambda functions, in one program: `_HANDLER` says which.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda_canary::lambda::main()
}
