//! `cargo xtask …`: see the library.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match xtask::run(&xtask::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
